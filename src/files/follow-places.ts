// 跟着上传读的人的位子: 他们多半在等, 不占下载的名额; 总数, 每份文件与每个地址各有上限
import { AppError } from '../protocol/errors.js';
import { Counts } from '../quota/counts.js';
import type { AddressQuota, Held, Visitor } from '../quota/ports.js';

export interface FollowLimits {
  readonly maxFollowers: number;
  /** 一份文件至多这么多: 一个人的上传占不满别人的 */
  readonly followersPerOffer: number;
}

const RETRY_MS = 1000;

export class FollowPlaces {
  readonly #limits: FollowLimits;
  readonly #quota: AddressQuota;
  readonly #perOffer = new Counts();
  #count = 0;

  constructor(limits: FollowLimits, quota: AddressQuota) {
    this.#limits = limits;
    this.#quota = quota;
  }

  get count(): number {
    return this.#count;
  }

  /** 错误: server_busy */
  enter(visitor: Visitor, fileId: string): Held {
    const { maxFollowers, followersPerOffer } = this.#limits;
    if (this.#count >= maxFollowers) throw busy('downloads.maxFollowers', maxFollowers);
    if (this.#perOffer.of(fileId) >= followersPerOffer) {
      throw busy('downloads.followersPerOffer', followersPerOffer);
    }
    const share = this.#quota.hold(visitor, 'followers');
    this.#perOffer.add(fileId);
    this.#count += 1;
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      share.release();
      this.#perOffer.remove(fileId);
      this.#count -= 1;
    };
    return { release };
  }
}

function busy(setting: string, limit: number): AppError {
  return new AppError('server_busy', { facts: { setting, limit, retryAfterMs: RETRY_MS } });
}
