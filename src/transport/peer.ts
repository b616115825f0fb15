// 请求背后真正的客户端: 它的地址与它所用的协议。每一个入口都向这里要, 谁也不自己读 X-Forwarded-*
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Visitor } from '../quota/ports.js';
import { addressKey, plainAddress } from './addresses.js';
import { Networks } from './networks.js';

export interface Peer extends Visitor {
  /** 对方是否经 https 访问: TLS 在自己这里, 或受信任的代理这样说 */
  readonly secure: boolean;
}

export interface PeerOptions {
  /** 反向代理的网段, 地址/前缀长度 */
  readonly trustedProxies: readonly string[];
  /** 相信一跳: 从本机或内网连来的对方 */
  readonly trustProxy: boolean;
  /** 不按地址计数的网段 */
  readonly trustedAddresses: readonly string[];
  readonly tls: boolean;
}

/** X-Forwarded-* 各行依次相连 (RFC 9110 第 5.3 节), 旧的在前 */
interface Forwarded {
  readonly hops: readonly string[];
  readonly schemes: readonly string[];
}

// 真实的链不过几跳; 塞满头的名单不值得逐个去查
const MAX_HOPS = 32;

// 记住的直接连来的地址; 一个约 300 字节
const MAX_NEIGHBORS = 8192;

/** 直接连来的一方 */
interface Neighbor {
  /** 它的地址, 认不出的为 '' */
  readonly plain: string;
  readonly isProxy: boolean;
  /** 当它就是客户端时 */
  readonly peer: Peer;
}

export class Peers {
  readonly #options: PeerOptions;
  readonly #listed: Networks;
  readonly #trusted: Networks;
  readonly #private = Networks.private();
  readonly #warn: (address: string) => void;
  /** uWS 给的写法 -> 由它得出的 */
  readonly #neighbors = new Map<string, Neighbor>();
  #warned = false;
  /** 上一次给出的: 许多连接来自同一处时共用一个对象, 每条连接都留着它 */
  #latest: Peer = { address: '', trusted: false, secure: false };

  /** warn: 第一次看到不受信任的对方发来 X-Forwarded-* 时调用, 只这一次 */
  constructor(options: PeerOptions, warn: (address: string) => void) {
    this.#options = options;
    this.#listed = new Networks(options.trustedProxies);
    this.#trusted = new Networks(options.trustedAddresses);
    this.#warn = warn;
  }

  /** 直接连来的对方; 代理的名额不按地址计: 它的背后是许多人 */
  direct(res: HttpResponse): Visitor {
    const { isProxy, peer } = this.#neighbor(res);
    return isProxy ? { address: peer.address, trusted: true } : peer;
  }

  /** 须在处理函数的同步部分调用: req 随后就失效 */
  of(res: HttpResponse, req: HttpRequest): Peer {
    const peer = this.#find(res, req);
    const { address, trusted, secure } = this.#latest;
    if (peer.address === address && peer.trusted === trusted && peer.secure === secure) return this.#latest;
    this.#latest = peer;
    return peer;
  }

  #find(res: HttpResponse, req: HttpRequest): Peer {
    const { plain: direct, isProxy, peer } = this.#neighbor(res);
    if (!isProxy) {
      this.#noticeIgnored(direct, req);
      return peer;
    }
    const { tls } = this.#options;
    const { hops, schemes } = readForwarded(req);
    const [address, proxies] = this.#walk(direct, hops);
    // 每个代理各添一个时, 与最外层受信任的代理对应的那一个; 只有一个时就是它
    const scheme = schemes[Math.max(0, schemes.length - proxies)];
    return { ...this.#visitor(address), secure: isSecure(scheme) ?? tls };
  }

  // 一条连接要问几次 (接受, 升级, 每个请求), 而解析与查网段各要几微秒: 记住最近见过的
  #neighbor(res: HttpResponse): Neighbor {
    const raw = Buffer.from(res.getRemoteAddressAsText()).toString('latin1');
    const known = this.#neighbors.get(raw);
    if (known !== undefined) return known;
    const plain = plainAddress(raw) ?? '';
    const peer = { ...this.#visitor(plain), secure: this.#options.tls };
    const neighbor = { plain, isProxy: this.#isProxy(plain), peer };
    if (this.#neighbors.size >= MAX_NEIGHBORS) this.#neighbors.clear();
    this.#neighbors.set(raw, neighbor);
    return neighbor;
  }

  // 问的是整个地址: 名单里可以只有一台机器
  #visitor(address: string): Visitor {
    const isListed = this.#options.trustedAddresses.length > 0 && address !== '';
    return { address: addressKey(address), trusted: isListed && this.#trusted.includes(address) };
  }

  // 直接连来的对方: 名单里的, 或打开了 trustProxy 而它在本机或内网
  #isProxy(direct: string): boolean {
    if (direct === '') return false;
    return this.#listed.includes(direct) || (this.#options.trustProxy && this.#private.includes(direct));
  }

  // 从右往左: 每一跳是它右边那个写的, 所以只有右边的可信时才算数。读不懂的到此为止
  #walk(direct: string, hops: readonly string[]): [address: string, proxies: number] {
    let address = direct;
    let proxies = 1;
    for (const entry of hops.slice(-MAX_HOPS).reverse()) {
      const hop = plainAddress(entry);
      if (hop === undefined) break;
      address = hop;
      if (!this.#listed.includes(hop)) break;
      proxies += 1;
    }
    return [address, proxies];
  }

  // 两样都没有设时只留意内网来的: 多半是忘了设; 公网上谁都可以乱发, 不值一行日志
  #noticeIgnored(direct: string, req: HttpRequest): void {
    if (this.#warned) return;
    if (req.getHeader('x-forwarded-for') === '' && req.getHeader('x-forwarded-proto') === '') return;
    const { trustProxy, trustedProxies } = this.#options;
    if (!trustProxy && trustedProxies.length === 0 && !this.#private.includes(direct)) return;
    this.#warned = true;
    this.#warn(direct);
  }
}

// getHeader 只给同名各行里的第一行, 那可能是客户端自己写的
function readForwarded(req: HttpRequest): Forwarded {
  const hops: string[] = [];
  const schemes: string[] = [];
  req.forEach((name, value) => {
    if (name === 'x-forwarded-for') hops.push(...itemsOf(value));
    else if (name === 'x-forwarded-proto') schemes.push(...itemsOf(value));
  });
  return { hops, schemes };
}

// 空的项不算 (RFC 9110 第 5.6.1 节)
function itemsOf(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

// 有的代理把 WebSocket 写成 ws 与 wss; 认不出的当作没有说
function isSecure(scheme: string | undefined): boolean | undefined {
  switch (scheme?.toLowerCase()) {
    case 'https':
    case 'wss':
      return true;
    case 'http':
    case 'ws':
      return false;
    default:
      return undefined;
  }
}
