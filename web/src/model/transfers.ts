// 上传的列表: 每个文件一项, 有名字的状态; 只记事实, 不碰网络与文件
import type { ErrorCode } from '../../../src/protocol/errors.js';
import { Emitter } from './signal.js';

/**
 *   queued --轮到--> checking (核对已传的部分) --> sending --全部发出--> verifying --file_done--> done
 *                      comparing (服务器有同样大小的: 先算校验试秒传) -- 没有就 sending; 有就直接 done
 *     ^                                              |  ^
 *     |                           断线, 服务器重启 --> waiting (自己会继续)
 *     +-- 继续 -- paused <-- 暂停 -------------------+
 *   needs_file: 刷新之后, 等用户再次选同一个文件;  failed: 可以重试;  取消的直接从列表里去掉
 */
export type TransferState =
  | 'queued'
  | 'checking'
  | 'comparing'
  | 'sending'
  | 'verifying'
  | 'waiting'
  | 'paused'
  | 'needs_file'
  | 'done'
  | 'failed';

/** 服务器的错误码, 或网页自己发现的 */
export type TransferErrorCode =
  | ErrorCode
  | 'different_file'
  | 'unreadable'
  | 'empty_folder'
  | 'too_many'
  | 'worker_failed';

export interface TransferError {
  readonly code: TransferErrorCode;
  /** 服务器的中文说明; 界面优先用自己的文案 */
  readonly message: string;
  readonly retryable: boolean;
}

export interface Transfer {
  /** 本页的编号 */
  readonly id: string;
  /** 服务器清理之后的; 还没有应答时是本地的 */
  readonly name: string;
  /** 服务器改了名字的: 本地的那个 */
  readonly renamedFrom?: string;
  /** 字节 */
  readonly size: number;
  readonly state: TransferState;
  /** 服务器已确认的字节 */
  readonly sent: number;
  /** 最近几秒的速度, 字节每秒; 0 = 还不知道 */
  readonly bytesPerSecond: number;
  /** checking 与 comparing 时算到的比例 0..1 */
  readonly checked: number;
  /** 发布之后的文件 id; 传输中凭它认出自己的 file_offer */
  readonly fileId?: string;
  /** done 时: 没有传字节, 服务器本来就有 */
  readonly instant?: boolean;
  readonly error?: TransferError;
  /** needs_file 时可以不选文件: 浏览器留着文件句柄, 点一下授权即可 */
  readonly hasHandle?: boolean;
}

/** 还剩多少秒; 不知道时为 undefined */
export function secondsLeft(transfer: Transfer): number | undefined {
  if (transfer.bytesPerSecond <= 0) return undefined;
  return (transfer.size - transfer.sent) / transfer.bytesPerSecond;
}

/** 列表的上限; 一次拖进来一个很大的文件夹时, 超出的会说明 */
export const MAX_TRANSFERS = 1000;
// 完成的留最近这么多项
const MAX_DONE = 20;

export class Transfers {
  readonly changed = new Emitter<void>();
  readonly #items = new Map<string, Transfer>();
  #finishedBytes = 0;

  /** 按加入的次序 */
  get items(): readonly Transfer[] {
    return [...this.#items.values()];
  }

  get size(): number {
    return this.#items.size;
  }

  /** 至今完成的全部字节, 只增不减: 完成的项会被清掉, 挤掉, 总进度仍要算上它们 */
  get finishedBytes(): number {
    return this.#finishedBytes;
  }

  get(id: string): Transfer | undefined {
    return this.#items.get(id);
  }

  /** 满了返回 false */
  add(transfer: Transfer): boolean {
    if (this.#items.size >= MAX_TRANSFERS) return false;
    this.#items.set(transfer.id, transfer);
    this.changed.emit();
    return true;
  }

  /** 没有这一项 (已取消) 时不做事 */
  update(
    id: string,
    patch: Partial<Omit<Transfer, 'id' | 'error'>> & { error?: TransferError | undefined },
  ): void {
    const current = this.#items.get(id);
    if (current === undefined) return;
    const { error, ...rest } = { ...current, ...patch };
    this.#items.set(id, error === undefined ? rest : { ...rest, error });
    if (patch.state === 'done') {
      if (current.state !== 'done') this.#finishedBytes += current.size;
      this.#dropOldDone();
    }
    this.changed.emit();
  }

  remove(id: string): void {
    if (this.#items.delete(id)) this.changed.emit();
  }

  #dropOldDone(): void {
    const done = [...this.#items.values()].filter(({ state }) => state === 'done');
    for (const { id } of done.slice(0, Math.max(0, done.length - MAX_DONE))) this.#items.delete(id);
  }
}
