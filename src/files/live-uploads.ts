// 在内存里的上传: 谁的, 占着的名额与窗口, 名额满时谁可以让位
import { AppError } from '../protocol/errors.js';
import type { JournalEntry, UploadOwner } from './ports.js';
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
  /** 无动静多久之后可以让位 (毫秒) */
  readonly idleTimeoutMs: number;
}

export interface LiveUploadsParts {
  readonly budget: WindowBudget;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

export class LiveUploads {
  readonly #options: LiveUploadsOptions;
  readonly #parts: LiveUploadsParts;
  readonly #slots: Slots;
  readonly #live = new Map<string, Live>();

  constructor(options: LiveUploadsOptions, parts: LiveUploadsParts) {
    this.#options = options;
    this.#parts = parts;
    this.#slots = new Slots(options.maxActive, options.perSession);
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
  acquireSlot(sessionKey: string): Slot {
    return this.#slots.acquire(sessionKey);
  }

  /** 名额换给接管的会话。错误: server_busy (原名额不动) */
  moveSlot(live: Live, sessionKey: string): void {
    live.slot = this.#slots.move(live.slot, sessionKey);
  }

  /** 为 sessionKey 让出名额的上传; 名额有余, 或谁也不能让时为 undefined */
  victim(sessionKey: string, canYield: (live: Live) => boolean): Live | undefined {
    const sessionFull = this.#slots.isSessionFull(sessionKey);
    if (!sessionFull && !this.#slots.full) return undefined;
    const candidates = this.values().filter(
      (live) =>
        live.transfer.upload.state === 'receiving' &&
        canYield(live) &&
        (!sessionFull || live.slot.sessionKey === sessionKey),
    );
    return candidates.find((live) => live.owner === undefined) ?? candidates[0];
  }
}
