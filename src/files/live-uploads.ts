// 在内存里的上传: 谁的, 占着的名额与窗口, 名额满时谁可以让位
import { AppError } from '../protocol/errors.js';
import { Counts } from '../quota/counts.js';
import type { AddressQuota } from '../quota/ports.js';
import type { JournalEntry, Party, UploadOwner } from './ports.js';
import { type Slot, Slots } from './slots.js';
import type { Transfer } from './transfer.js';
import type { WindowBudget } from './window-budget.js';

/** 一个在内存里的上传; owner 为 undefined 表示连接断了, 等待续传 */
export interface Live {
  readonly transfer: Transfer;
  readonly entry: JournalEntry;
  readonly resumeToken: string;
  /** 从总预算领到的窗口 (字节), 离开内存时归还 */
  readonly grantBytes: number;
  slot: Slot;
  owner: UploadOwner | undefined;
  clientId: string | undefined;
  lastActiveMs: number;
}

export interface LiveUploadsOptions {
  readonly maxActive: number;
  readonly perSession: number;
  /** 没有主人的多久之后停放 (毫秒) */
  readonly idleTimeoutMs: number;
}

export interface LiveUploadsParts {
  readonly budget: WindowBudget;
  readonly quota: AddressQuota;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

/** 名额不够时让位的一个; 轮到停放它时再问一次 stillYields: 期间它可能又有了动静 */
export interface Victim {
  readonly live: Live;
  readonly stillYields: (live: Live) => boolean;
}

// 名额不够时, 这么久没有一个字节的就让位 (毫秒); 它凭续传还能回来
const QUIET_MS = 10_000;

export class LiveUploads {
  readonly #options: LiveUploadsOptions;
  readonly #parts: LiveUploadsParts;
  readonly #slots: Slots;
  readonly #live = new Map<string, Live>();

  constructor(options: LiveUploadsOptions, parts: LiveUploadsParts) {
    this.#options = options;
    this.#parts = parts;
    this.#slots = new Slots(options, parts.quota);
  }

  has(uploadId: string): boolean {
    return this.#live.has(uploadId);
  }

  get(uploadId: string): Live | undefined {
    return this.#live.get(uploadId);
  }

  /** 此刻的全部; 是一份拷贝, 遍历时可以增删 */
  values(): Live[] {
    return [...this.#live.values()];
  }

  /** 错误: upload_unknown */
  owned(owner: UploadOwner, uploadId: string): Live {
    const live = this.#live.get(uploadId);
    // 别人的 uploadId 与不存在的一样: 不透露它是否存在
    if (live === undefined || live.owner !== owner) throw new AppError('upload_unknown');
    return live;
  }

  add(live: Live): void {
    this.#live.set(live.entry.uploadId, live);
  }

  /** 归还名额与窗口; 已不在时返回 false */
  remove(live: Live): boolean {
    const { uploadId } = live.entry;
    if (this.#live.get(uploadId) !== live) return false;
    this.#live.delete(uploadId);
    live.slot.release();
    this.#parts.budget.giveBack(live.grantBytes);
    return true;
  }

  disown(live: Live): void {
    live.owner = undefined;
    live.lastActiveMs = this.#parts.now();
  }

  isIdle(live: Live): boolean {
    return this.#parts.now() - live.lastActiveMs > this.#options.idleTimeoutMs;
  }

  /** 错误: server_busy */
  acquireSlot(party: Party): Slot {
    return this.#slots.acquire(party);
  }

  /** 名额换给接管的人。错误: server_busy (原名额不动) */
  moveSlot(live: Live, party: Party): void {
    live.slot = this.#slots.move(live.slot, party);
  }

  /** 为 party 让出名额的上传; 名额有余, 或谁也不能让时为 undefined */
  victim(party: Party): Victim | undefined {
    const { sessionKey, visitor } = party;
    // 他自己的一份满了, 只能由他自己的让
    if (this.#slots.isSessionFull(party)) {
      return this.#quiet((live) => live.slot.party.sessionKey === sessionKey);
    }
    if (this.#slots.isAddressFull(party)) {
      return this.#quiet((live) => live.slot.party.visitor.address === visitor.address);
    }
    if (!this.#slots.full) return undefined;
    return this.#quiet(() => true) ?? this.#greedy(party);
  }

  // 没有主人的先让, 再是最久没有动静的
  #quiet(isInScope: (live: Live) => boolean): Victim | undefined {
    const quietMs = Math.min(QUIET_MS, this.#options.idleTimeoutMs);
    const stillYields = (live: Live): boolean =>
      live.owner === undefined || this.#parts.now() - live.lastActiveMs > quietMs;
    const candidates = this.#receiving().filter((live) => isInScope(live) && stillYields(live));
    const live = candidates.find(({ owner }) => owner === undefined) ?? stalest(candidates);
    return live === undefined ? undefined : { live, stillYields };
  }

  // 都有动静 (每隔几秒一个字节也算): 占得最多的地址让给明显占得少的。受信任的不比
  #greedy({ visitor }: Party): Victim | undefined {
    const counts = new Counts();
    for (const { slot } of this.#live.values()) {
      if (!slot.party.visitor.trusted) counts.add(slot.party.visitor.address);
    }
    const greediest = counts.most();
    // 让了之后仍不比他少: 否则两边会来回抢
    if (greediest === undefined || counts.of(greediest) <= counts.of(visitor.address) + 1) return undefined;
    const isTheirs = (live: Live): boolean => live.slot.party.visitor.address === greediest;
    const live = stalest(this.#receiving().filter(isTheirs));
    return live === undefined ? undefined : { live, stillYields: isTheirs };
  }

  #receiving(): Live[] {
    return this.values().filter(({ transfer }) => transfer.upload.state === 'receiving');
  }
}

function stalest(candidates: readonly Live[]): Live | undefined {
  let found: Live | undefined;
  for (const live of candidates) {
    if (found === undefined || live.lastActiveMs < found.lastActiveMs) found = live;
  }
  return found;
}
