// 已广播而还没落盘的: 多少字节, 谁在等, 谁以什么 clientId 发的。上限由 history.pendingBytes 在追加之前检查
import type { SentBy } from '../../chat/ports.js';
import type { AppError } from '../../protocol/errors.js';
import type { FileEntry, FileRecord, RoomEntry } from '../../protocol/messages.js';

/** 一同提交的若干条共用一个 Promise */
interface Batch {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly items: Item[];
  bytes: number;
}

interface Item {
  readonly entry: RoomEntry;
  readonly sentKey: string | undefined;
}

export class Pending {
  readonly #batches: Batch[] = [];
  readonly #sent = new Map<string, Item>();
  /** 还在收的一批; 交给写线程之后另起一批 */
  #open: Batch | undefined;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** 返回这一条落盘的 Promise */
  add(entry: RoomEntry, bytes: number, sentBy: SentBy | undefined): Promise<void> {
    this.#open ??= this.#startBatch();
    const item = { entry, sentKey: sentBy === undefined ? undefined : sentKey(sentBy) };
    this.#open.items.push(item);
    this.#open.bytes += bytes;
    this.#bytes += bytes;
    if (item.sentKey !== undefined) this.#sent.set(item.sentKey, item);
    return this.#open.promise;
  }

  /** 这一批就此封口: 之后的属于下一批 */
  seal(): void {
    this.#open = undefined;
  }

  /** 到 seq 为止都已落盘 */
  settle(seq: number): void {
    for (;;) {
      const batch = this.#batches[0];
      if (batch === undefined || (batch.items.at(-1)?.entry.seq ?? 0) > seq) return;
      this.#batches.shift();
      if (batch === this.#open) this.#open = undefined;
      this.#forget(batch);
      batch.resolve();
    }
  }

  /** 不会再落盘了: 停机, 或写线程起不来 */
  abandon(error: AppError): void {
    this.#open = undefined;
    for (const batch of this.#batches.splice(0)) {
      this.#forget(batch);
      batch.reject(error);
    }
  }

  findSent(sentBy: SentBy): RoomEntry | undefined {
    return this.#sent.get(sentKey(sentBy))?.entry;
  }

  sentIds(sender: string): string[] {
    const prefix = sentKey({ sender, clientId: '' });
    return [...this.#sent.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }

  findFile(test: (file: FileRecord) => boolean): FileEntry | undefined {
    for (const { items } of this.#batches) {
      for (const { entry } of items) if (entry.kind === 'file' && test(entry.file)) return entry;
    }
    return undefined;
  }

  #startBatch(): Batch {
    let resolve: () => void = () => {};
    let reject: (error: Error) => void = () => {};
    const promise = new Promise<void>((onDurable, onFailure) => {
      resolve = onDurable;
      reject = onFailure;
    });
    // 没有给 clientId 的没有人等: 拒绝到此为止
    promise.catch(() => {});
    const batch = { promise, resolve, reject, items: [], bytes: 0 };
    this.#batches.push(batch);
    return batch;
  }

  #forget(batch: Batch): void {
    this.#bytes -= batch.bytes;
    for (const item of batch.items) {
      // 只删自己那一条: 同一个标识可能又发了一次
      if (item.sentKey !== undefined && this.#sent.get(item.sentKey) === item)
        this.#sent.delete(item.sentKey);
    }
  }
}

function sentKey({ sender, clientId }: SentBy): string {
  return `${sender} ${clientId}`;
}
