// WebSocket 的准入: 升级之前的各项检查与名额; 收下的记着它占着什么, 断开时一并归还
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { AppError } from '../protocol/errors.js';
import type { ShareName } from '../quota/limits.js';
import type { AddressQuota, Held, Visitor } from '../quota/ports.js';
import type { FrameClass } from './frame-class.js';
import { HostShares } from './host-shares.js';
import type { OriginRules } from './origin.js';
import type { Peers } from './peer.js';
import { requireHandshake } from './ws-handshake.js';

// 内存不足: 请它过一会儿再来 (毫秒)
const RETRY_MS = 5000;

export interface AdmissionLimits {
  readonly maxConnections: number;
  readonly maxOrigins: number;
}

export interface AdmissionParts {
  readonly origins: OriginRules;
  readonly peers: Peers;
  readonly quota: AddressQuota;
  readonly stopping: () => boolean;
  /** 内存过了水位 */
  readonly isFull: () => boolean;
  /** 不同的 Host 满了: 请走一个还没有人加入的, 有则 true */
  readonly makeRoomForHost: () => boolean;
}

/** 收下的一条连接: 走的时候凭它归还 */
export interface Admitted {
  readonly visitor: Visitor;
  /** 收件人所用的来源, 同样的共用一个字符串 */
  readonly origin: string;
  /** 按地址占着的 */
  readonly held: Held;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #parts: AdmissionParts;
  readonly #hosts: HostShares;
  #connections = 0;

  constructor(limits: AdmissionLimits, parts: AdmissionParts) {
    this.#limits = limits;
    this.#parts = parts;
    this.#hosts = new HostShares(parts.quota);
  }

  /** 有几条连接用着这个来源 */
  usersOf(origin: string): number {
    return this.#hosts.of(origin);
  }

  /** 这个地址还有没有这一类的名额; 不占 */
  fits(res: HttpResponse, req: HttpRequest, { share }: FrameClass): boolean {
    return share === undefined || this.#parts.quota.fits(this.#parts.peers.of(res, req), share);
  }

  /**
   * 须在 upgrade 回调之内, 随后立即升级: 名额在此占下。
   * 错误: invalid_field, upgrade_required, forbidden_origin, server_stopping, server_busy, rate_limited
   */
  admit(res: HttpResponse, req: HttpRequest, { share }: FrameClass): Admitted {
    const header = (name: string): string => req.getHeader(name);
    requireHandshake(header);
    const { origins, peers, quota } = this.#parts;
    origins.requireAllowed(header);
    const visitor = peers.of(res, req);
    const origin = origins.recipient(visitor, header);
    this.#requireRoom();
    quota.spend(visitor, 'connects');
    const held = holdPlace(quota, visitor, share);
    try {
      this.#requireHost(visitor, origin);
      const shared = this.#hosts.enter(visitor, origin);
      this.#connections += 1;
      return { visitor, origin: shared, held };
    } catch (error) {
      held.release();
      throw error;
    }
  }

  /** 断开了: 归还它占着的; 每条恰好一次 */
  leave({ visitor, origin, held }: Admitted): void {
    held.release();
    this.#hosts.exit(visitor, origin);
    this.#connections -= 1;
  }

  // 总的名额: 连接, 内存
  #requireRoom(): void {
    const { stopping, isFull } = this.#parts;
    if (stopping()) throw new AppError('server_stopping');
    if (isFull()) {
      const facts = { setting: 'server.memoryBytes', retryAfterMs: RETRY_MS };
      throw new AppError('server_busy', { detail: '内存不足', facts });
    }
    const { maxConnections: limit } = this.#limits;
    if (this.#connections >= limit) {
      throw new AppError('server_busy', { facts: { setting: 'server.maxConnections', limit } });
    }
  }

  // 不同来源的个数。自己的一份用完了的不能请别人走: 由 HostShares 拒绝
  #requireHost(visitor: Visitor, origin: string): void {
    const { quota, makeRoomForHost } = this.#parts;
    const { maxOrigins } = this.#limits;
    if (this.#hosts.of(origin) > 0 || this.#hosts.size < maxOrigins) return;
    if (!quota.fits(visitor, 'hosts') || makeRoomForHost()) return;
    const facts = { setting: 'server.maxOrigins', limit: maxOrigins };
    throw new AppError('server_busy', { detail: '不同的 Host 过多', facts });
  }
}

// 连接的一份, 与它那一类的一份。错误: server_busy
function holdPlace(quota: AddressQuota, visitor: Visitor, share: ShareName | undefined): Held {
  const connection = quota.hold(visitor, 'connections');
  if (share === undefined) return connection;
  try {
    const other = quota.hold(visitor, share);
    return visitor.trusted ? other : both(connection, other);
  } catch (error) {
    connection.release();
    throw error;
  }
}

function both(first: Held, second: Held): Held {
  return {
    release() {
      first.release();
      second.release();
    },
  };
}
