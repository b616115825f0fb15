// 幂等键 (Idempotency-Key): 应答丢了的 POST 再发一次, 得到同样的文件与同样的应答, 不再播第二遍
// 做法照 IETF draft-ietf-httpapi-idempotency-key-header: 正在做的 409, 键相同而内容不同的 422
import { createHash } from 'node:crypto';
import { AppError } from '../protocol/errors.js';
import type { FileEntry, FileRecord } from '../protocol/messages.js';
import type { AddressQuota, Visitor } from '../quota/ports.js';
import { KeptRecords } from './kept-records.js';
import { KeyedLock } from './keyed-lock.js';
import type { KeyedFile, KeyedJournal } from './ports.js';

/** 一个键记多久 (毫秒): 24 小时, 与未完成的上传相同的量级; 之后同一个键是新的请求 */
const KEPT_MS = 24 * 3_600_000;
// 记住的请求数的上限, 每个在内存里约 400 字节, 磁盘上一个小文件; 超出的忘掉最贪的地址最旧的
const MAX_REMEMBERED = 10_000;
/** 键的写法: 1 到 255 个可见的 ASCII 字符, 带不带引号都行 (整个算作键) */
const KEY = /^[\x21-\x7e]{1,255}$/;

export interface KeyedRequestsParts {
  readonly journal: KeyedJournal;
  readonly quota: AddressQuota;
  /** 这个文件已经播过的那一条; 没有播过, 或已过保留期, 则 undefined */
  readonly findAnnounced: (fileId: string) => Promise<FileEntry | undefined>;
  /** Unix 毫秒: 要比一次运行活得久, 不能是单调时钟 */
  readonly now: () => number;
}

export class KeyedRequests {
  readonly #parts: KeyedRequestsParts;
  /** 请求的散列 -> 记下的时刻 (Unix 毫秒); 旧的在前 */
  readonly #saved = new Map<string, number>();
  /** 同样的请求, 按地址分份 */
  readonly #kept: KeptRecords;
  readonly #running = new Set<string>();
  /** 同一个请求的写下与删掉依次进行: 刚好过期的那一刻又来了, 不能写下之后又被删掉 */
  readonly #lock = new KeyedLock();

  constructor(parts: KeyedRequestsParts) {
    this.#parts = parts;
    this.#kept = new KeptRecords({ limit: MAX_REMEMBERED, share: 'keyed', quota: parts.quota });
  }

  /** 启动时: 认出磁盘上还有哪些 */
  async recover(): Promise<void> {
    const saved = await this.#parts.journal.list();
    for (const { id, savedAt, address } of saved.sort((a, b) => a.savedAt - b.savedAt)) {
      this.#saved.set(id, savedAt);
      this.#kept.add(id, address === undefined ? undefined : { address, trusted: false });
      this.#kept.rest(id);
    }
    await this.sweep();
  }

  /**
   * 一次请求开始。scope: 谁发的 (会话, 否则名字与地址), 不同的人用同样的键互不相干; 记在 visitor 的一份里。
   * 错误: invalid_field (键的写法), request_in_progress (同一个键的请求正在做)
   */
  begin(scope: readonly string[], key: string, visitor: Visitor): KeyedRun {
    if (!KEY.test(key)) throw new AppError('invalid_field', { detail: 'Idempotency-Key 的写法不对' });
    const id = requestId(scope, key);
    if (this.#running.has(id)) {
      throw new AppError('request_in_progress');
    }
    this.#running.add(id);
    return { settle: (files) => this.#settle(id, files, visitor), end: () => this.#running.delete(id) };
  }

  /** 忘掉过期的与超出上限的; 每小时一次 */
  async sweep(): Promise<void> {
    const expiredBefore = this.#parts.now() - KEPT_MS;
    for (const [id, savedAt] of this.#saved) {
      if (savedAt >= expiredBefore && this.#saved.size <= MAX_REMEMBERED) return;
      await this.#forget(id);
    }
  }

  async #settle(
    id: string,
    files: readonly FileRecord[],
    visitor: Visitor,
  ): Promise<readonly (FileEntry | undefined)[]> {
    const earlier = await this.#recall(id);
    if (earlier !== undefined) requireSame(earlier, files);
    const entries = await Promise.all(
      files.map(async (_, index) => {
        const planned = earlier?.[index];
        return planned === undefined ? undefined : this.#parts.findAnnounced(planned.id);
      }),
    );
    await this.#save(
      id,
      files.map((file, index) => keyedFile(entries[index]?.file ?? file)),
      visitor,
    );
    return entries;
  }

  async #recall(id: string): Promise<readonly KeyedFile[] | undefined> {
    const savedAt = this.#saved.get(id);
    if (savedAt === undefined || savedAt < this.#parts.now() - KEPT_MS) return undefined;
    return (await this.#parts.journal.load(id))?.files;
  }

  // 在发布之前记下将要用的 id: 崩溃在中途, 重启后对账把发布了的补播, 重发时凭 id 认出它们, 只发缺的
  async #save(id: string, files: readonly KeyedFile[], visitor: Visitor): Promise<void> {
    const forgotten = this.#kept.has(id) ? undefined : this.#admit(id, visitor);
    const address = visitor.trusted ? {} : { address: visitor.address };
    try {
      await forgotten;
      await this.#lock.run(id, async () => {
        await this.#parts.journal.save(id, { files, ...address });
        this.#saved.delete(id);
        this.#saved.set(id, this.#parts.now());
      });
      this.#kept.rest(id);
    } catch (error) {
      if (!this.#saved.has(id)) this.#kept.remove(id);
      throw error;
    }
  }

  // 他的地址满了忘他自己最旧的, 总数满了忘最贪的地址最旧的: 一个人发得再多, 别人的重发也认得
  #admit(id: string, visitor: Visitor): Promise<void> | undefined {
    const room = this.#kept.room(visitor);
    const forgotten = room.isFull && room.victim !== undefined ? this.#forget(room.victim) : undefined;
    this.#kept.add(id, visitor);
    return forgotten;
  }

  async #forget(id: string): Promise<void> {
    this.#saved.delete(id);
    this.#kept.remove(id);
    await this.#lock.run(id, async () => {
      // 排队的时候又写下了
      if (!this.#saved.has(id)) await this.#parts.journal.remove(id);
    });
  }
}

/** 一次带键的请求; 用完必须 end, 否则这个键一直是 request_in_progress */
export interface KeyedRun {
  /**
   * 全部收完并校验之后, 发布之前: 逐个给出从前已经播过的那一条, undefined 的才要发布 (用它自己的 id)。
   * 错误: idempotency_key_reused (与上一次的内容不同), storage_full
   */
  settle(files: readonly FileRecord[]): Promise<readonly (FileEntry | undefined)[]>;
  end(): void;
}

// 分隔用 NUL: 名字与地址里都没有它, 各部分的边界就不会混
function requestId(scope: readonly string[], key: string): string {
  return createHash('sha256')
    .update([...scope, key].join('\0'))
    .digest('hex');
}

function keyedFile({ id, originalName, size, sha256 }: FileRecord): KeyedFile {
  return { id, originalName, size, sha256 };
}

// 名字, 大小, 内容与次序都要相同; id 每次都是新的, 不比
function requireSame(earlier: readonly KeyedFile[], files: readonly FileRecord[]): void {
  const same =
    earlier.length === files.length &&
    files.every(({ originalName, size, sha256 }, index) => {
      const planned = earlier[index];
      return planned?.originalName === originalName && planned.size === size && planned.sha256 === sha256;
    });
  if (!same) throw new AppError('idempotency_key_reused');
}
