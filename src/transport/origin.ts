// 来源: 收件人所用的地址 (拼链接), 以及网页 Origin 的准入
import { AppError } from '../protocol/errors.js';
import type { ResourcePolicy } from './hardening.js';
import type { Peer } from './peer.js';

export interface OriginOptions {
  /** 非空时所有链接都用它 */
  readonly publicUrl: string;
  readonly allowedOrigins: readonly string[];
  /** 设了 publicUrl 时, 除它之外还认的主机名 */
  readonly allowedHosts: readonly string[];
}

/** 请求里与来源有关的头; 头名小写 */
export type HeaderReader = (name: string) => string;

// 主机名, IPv4, 带方括号的 IPv6, 可带端口 (空的也合法: RFC 3986 第 3.2.3 节); 其余字符会混进链接里
const HOST_PATTERN = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{0,5})?$/i;

// DNS 重绑定要有一个攻击者自己的域名: 地址与 localhost 不必拦 (RFC 6761 第 6.3 节: localhost 不出本机)
const IP_LITERAL = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i;

export class OriginRules {
  readonly #options: OriginOptions;
  readonly #allowed: ReadonlySet<string>;
  /** 认得的主机名, 小写; 没有设 publicUrl 时不拦 */
  readonly #hosts: ReadonlySet<string> | undefined;

  constructor(options: OriginOptions) {
    this.#options = options;
    const own = options.publicUrl === '' ? [] : [options.publicUrl];
    this.#allowed = new Set([...options.allowedOrigins, ...own].map(normalize));
    const names = own.map((url) => new URL(url).hostname);
    this.#hosts =
      names.length === 0 ? undefined : new Set(['localhost', ...names, ...options.allowedHosts.map(lower)]);
  }

  /**
   * 设了 publicUrl: 只认它的主机名, server.allowedHosts, localhost 与 IP 地址, 端口不论。
   * 别的名字多半是把自己的域名指到这里的网页 (DNS 重绑定), 它因此是同源的, 别的检查都拦不住。错误: forbidden_origin
   */
  requireKnownHost(host: string): void {
    if (this.#hosts === undefined || host === '') return;
    const name = host.replace(/:\d*$/, '').toLowerCase();
    // 末尾的点也是同一个名字 (RFC 1034 第 3.1 节)
    if (IP_LITERAL.test(name) || this.#hosts.has(name.replace(/\.$/, ''))) return;
    throw new AppError('forbidden_origin', {
      detail: `Host ${name} 不是这里的; 须是 server.publicUrl 的, 或写进 server.allowedHosts`,
      facts: { setting: 'server.allowedHosts' },
    });
  }

  /** 收件人的来源, 如 http://192.168.1.5:3000。错误: invalid_field (Host 不合法) */
  recipient({ secure }: Peer, header: HeaderReader): string {
    const { publicUrl } = this.#options;
    if (publicUrl !== '') return publicUrl;
    const host = header('host');
    if (!HOST_PATTERN.test(host)) throw new AppError('invalid_field', { detail: 'Host 头不合法' });
    return `${secure ? 'https' : 'http'}://${host.toLowerCase().replace(/:$/, '')}`;
  }

  /** 文件可以由谁嵌进网页。名单里有别的网站时只能对谁都放开: <img> 的请求不带 Origin, 认不出是哪一个 */
  get filePolicy(): ResourcePolicy {
    return this.#options.allowedOrigins.length > 0 ? 'cross-origin' : 'same-site';
  }

  /** 网页来源是否可以连接: 没有 Origin (非浏览器), 本站, 或在名单里。错误: forbidden_origin */
  requireAllowed(header: HeaderReader): void {
    if (header('origin') !== '' && this.reader(header) === '') throw new AppError('forbidden_origin');
  }

  /**
   * 哪个来源的网页读得到应答: 可以连接的都可以, 否则它做成了却以为没做成, 会再做一遍。
   * 返回规范的写法 (不原样回显对方写的); 没有 Origin 或不放行时为 ''
   */
  reader(header: HeaderReader): string {
    const raw = header('origin');
    // 多数请求没有它: 不必为空的文字去解析网址 (抛错要几微秒)
    if (raw === '') return '';
    const origin = normalize(raw);
    return this.#allowed.has(origin) || isOwnHost(origin, header('host')) ? origin : '';
  }
}

const lower = (name: string): string => name.toLowerCase();

// 本站: 只比主机, 不比协议, 因为 TLS 可能终止在代理上
function isOwnHost(origin: string, host: string): boolean {
  const own = hostOf(origin);
  return own !== undefined && own === hostOf(`http://${host}`);
}

// file: 与 data: 的网页也会变成 'null', 但只有浏览器自己写的 null 才是名单里的那个
function normalize(origin: string): string {
  if (!URL.canParse(origin)) return origin;
  const { origin: canonical } = new URL(origin);
  return canonical === 'null' ? origin : canonical;
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
