// 来源: 收件人所用的地址 (拼链接), 以及网页 Origin 的准入
import { AppError } from '../protocol/errors.js';
import type { Peer } from './peer.js';

export interface OriginOptions {
  /** 非空时所有链接都用它 */
  readonly publicUrl: string;
  readonly allowedOrigins: readonly string[];
}

/** 请求里与来源有关的头; 头名小写 */
export type HeaderReader = (name: string) => string;

// 主机名, IPv4, 带方括号的 IPv6, 可带端口; 其余字符会混进链接里
const HOST_PATTERN = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

export class OriginRules {
  readonly #options: OriginOptions;
  readonly #allowed: ReadonlySet<string>;

  constructor(options: OriginOptions) {
    this.#options = options;
    const own = options.publicUrl === '' ? [] : [options.publicUrl];
    this.#allowed = new Set([...options.allowedOrigins, ...own].map(normalize));
  }

  /** 收件人的来源, 如 http://192.168.1.5:3000。错误: invalid_field (Host 不合法) */
  recipient({ secure }: Peer, header: HeaderReader): string {
    const { publicUrl } = this.#options;
    if (publicUrl !== '') return publicUrl;
    const host = header('host');
    if (!HOST_PATTERN.test(host)) throw new AppError('invalid_field', { detail: 'Host 头不合法' });
    return `${secure ? 'https' : 'http'}://${host.toLowerCase()}`;
  }

  /** 网页来源是否可以连接: 没有 Origin (非浏览器), 本站, 或在名单里。错误: forbidden_origin */
  requireAllowed(header: HeaderReader): void {
    const origin = header('origin');
    if (origin === '' || this.#allowed.has(normalize(origin))) return;
    // 本站: 只比主机, 不比协议, 因为 TLS 可能终止在代理上
    if (hostOf(origin) !== undefined && hostOf(origin) === hostOf(`http://${header('host')}`)) return;
    throw new AppError('forbidden_origin');
  }
}

function normalize(origin: string): string {
  try {
    return new URL(origin).origin;
  } catch {
    return origin;
  }
}

function hostOf(origin: string): string | undefined {
  try {
    const url = new URL(origin);
    // 缺省端口写不写都算同一个
    return url.protocol === 'https:' && url.port === '' ? url.hostname : url.host.replace(/:(80|443)$/, '');
  } catch {
    return undefined;
  }
}
