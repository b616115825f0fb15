// 别人 (与自己) 正在上传, 已经可以下载的文件; 只是此刻的情形: 断线即清空, 重新进来时服务器再说一遍
import type { FileOfferMessage, UploaderState } from '../../../src/protocol/messages.js';
import { Emitter } from './signal.js';
import type { Transfer } from './transfers.js';

export interface Offer extends Omit<FileOfferMessage, 'type'> {
  /** 第一次听说的时刻, Unix 毫秒 */
  readonly time: number;
}

// 服务器同时进行的上传有上限 (uploads.maxActive); 配得再大, 页面也只列这么多
const MAX_OFFERS = 256;

export class Offers {
  readonly changed = new Emitter<void>();
  // 插入次序就是听说的次序
  readonly #offers = new Map<string, Offer>();

  /** 先听说的在前 */
  get items(): readonly Offer[] {
    return [...this.#offers.values()];
  }

  get(id: string): Offer | undefined {
    return this.#offers.get(id);
  }

  /** 后来的盖住先前的 */
  put({ type: _, ...offer }: FileOfferMessage, now = Date.now()): void {
    const known = this.#offers.get(offer.id);
    if (known === undefined && this.#offers.size >= MAX_OFFERS) return;
    this.#offers.set(offer.id, { ...offer, state: knownState(offer.state), time: known?.time ?? now });
    this.changed.emit();
  }

  /** 作废, 或已经成了文件 */
  remove(id: string): void {
    if (this.#offers.delete(id)) this.changed.emit();
  }

  clear(): void {
    if (this.#offers.size === 0) return;
    this.#offers.clear();
    this.changed.emit();
  }
}

// 旧的服务器不说, 以后的也许有新的说法: 都当作正在传
function knownState(state: string | undefined): UploaderState {
  return state === 'paused' || state === 'waiting' ? state : 'sending';
}

/**
 * 要列出来的: 自己这一页传的已经在传输列表里。传输连接上的 file_ready 可能比聊天连接上的 file_offer 晚到,
 * 那之前凭名字与大小认。
 */
export function offersOfOthers(
  offers: readonly Offer[],
  transfers: readonly Transfer[],
  ownName: string | undefined,
): readonly Offer[] {
  if (offers.length === 0) return offers;
  const known = new Set(transfers.map(({ fileId }) => fileId));
  const unnamed = new Set(transfers.filter(({ fileId }) => fileId === undefined).map(({ size }) => size));
  return offers.filter(({ id, name, size }) => !known.has(id) && !(name === ownName && unnamed.has(size)));
}
