// 写者 (写线程里): 把预写文件搬进数据库, 一批一个事务; 空闲时编索引, 删过期的
//   opening --opened--> running --stop--> draining --> stopped
import path from 'node:path';
import { explainDisk } from '../disk-errors.js';
import {
  type Connection,
  DATABASE_NAME,
  explain,
  isPassing,
  openWriter,
  Statements,
  sqliteCode,
  userVersion,
} from './database.js';
import { DAY_MS } from './headroom.js';
import { lossOf } from './history-error.js';
import { IndexBuilder } from './index-builder.js';
import type { JournalPosition, JournalRecord } from './journal.js';
import { JournalCheck } from './journal-check.js';
import { JournalFollower } from './journal-follower.js';
import { isBlankDatabase } from './lost-history.js';
import { MessageTable } from './message-table.js';
import { contiguous, readTail } from './queries.js';
import { Retention } from './retention.js';
import { upgrade } from './upgrade.js';
import { Wake } from './wake.js';
import type { WriterOptions, WriterReply, WriterRequest } from './writer-messages.js';

// 隔这么久量一次数据库的大小 (毫秒): 超过上限的至多是这么久写得进的
const MEASURE_MS = 250;
// 写不进时隔这么久再试 (毫秒), 逐次加倍
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2000;
// 多久没有新消息算空闲 (毫秒)
const IDLE_MS = 100;
// 隔多久看一次保留期 (毫秒); 有得删时一批接一批
const RETENTION_MS = 10_000;
// 编索引或删过期的失败之后, 隔这么久再做 (毫秒)
const CHORE_RETRY_MS = 5000;

type State = 'opening' | 'running' | 'draining' | 'stopped';

interface Expiry {
  readonly of: 'messages' | 'files';
  readonly upTo: number;
}

export class Writer {
  readonly #post: (reply: WriterReply) => void;
  readonly #database: Connection;
  readonly #table: MessageTable;
  readonly #index: IndexBuilder;
  readonly #retention: Retention;
  readonly #keepMs: number;
  readonly #journal: JournalFollower;
  readonly #check: JournalCheck | undefined;
  readonly #wake = new Wake();
  #state: State = 'opening';
  #target: JournalPosition;
  /** 等主线程删文件的那一批: 删到哪个 seq, 消息也删还是只删文件; 没有则 undefined */
  #expiring: Expiry | undefined;
  #choresAtMs = 0;
  /** 对账之前不删 */
  #retaining = false;
  #retentionAtMs = 0;
  #committedAtMs = 0;
  /** 最近量的数据库的字节, 与何时量的 */
  #usedBytes = 0;
  #measuredAtMs = 0;

  private constructor(options: WriterOptions, database: Connection, post: (reply: WriterReply) => void) {
    this.#post = post;
    this.#database = database;
    this.#table = new MessageTable(database);
    this.#index = new IndexBuilder(database, this.#table);
    this.#retention = new Retention(database, this.#table, options.retention);
    this.#keepMs = options.retention.keepDays * DAY_MS;
    this.#check = options.resumeAt === undefined ? new JournalCheck(this.#table.seq) : undefined;
    this.#journal = new JournalFollower(options.folder, this.#check);
    this.#target = options.resumeAt ?? this.#journal.end();
  }

  /** 打开数据库, 补完预写文件里的, 再报 opened。错误: 打不开, 读不出, 写不进 (一行中文) */
  static async open(options: WriterOptions, post: (reply: WriterReply) => void): Promise<Writer> {
    const file = path.join(options.folder, DATABASE_NAME);
    // 先于打开: 打开会建立新的
    if (options.loss !== undefined && isBlankDatabase(options.folder)) throw lossOf(options.loss);
    let backup: string | undefined;
    const database = openWriter(file, options.sync, (connection) => {
      // 里面一张表也没有: 被换成了空的
      if (options.loss !== undefined && userVersion(connection) === 0) throw lossOf(options.loss);
      backup = upgrade(connection, file);
    });
    try {
      if (backup !== undefined) post({ kind: 'upgraded', backup });
      const writer = new Writer(options, database, post);
      await writer.#start(options);
      return writer;
    } catch (error) {
      database.close();
      throw explainDisk(explain(error, file), options.folder);
    }
  }

  async #start(options: WriterOptions): Promise<void> {
    const { isNew } = this.#table;
    await this.#catchUp();
    const epoch = this.#begin(options);
    const { seq, firstSeq } = this.#table;
    const files = this.#table.countFiles();
    this.#state = 'running';
    const isFirst = options.resumeAt === undefined;
    const tail = isFirst ? contiguous(readTail(new Statements(this.#database), options.tail), seq) : [];
    const segment = this.#target.segment + 1;
    const fullness = this.#table.fullness();
    const usage = isFirst ? this.#table.addresses.recent(Date.now()) : [];
    this.#post({ kind: 'opened', epoch, isNew, seq, firstSeq, files, fullness, usage, segment, tail });
  }

  receive(request: WriterRequest): void {
    if (request.kind === 'grown') this.#target = request.to;
    else if (request.kind === 'expired') this.#deleteExpired();
    else if (request.kind === 'kept') this.#keepExpired();
    else if (request.kind === 'retain') this.#retain();
    else this.#state = 'draining';
    this.#wake.now();
  }

  /** 一直运行到停下; 提交总是先于别的活 */
  async run(): Promise<void> {
    while (this.#state === 'running') {
      await this.#catchUp();
      if (this.#state !== 'running') break;
      if (!this.#doChore()) await this.#wake.wait(this.#restMs());
      // 让新的消息进来
      else await this.#wake.turn();
    }
    const clean = await this.#catchUp();
    if (clean) this.#finish();
    this.#state = 'stopped';
    this.#database.close();
    this.#post({ kind: 'stopped', clean });
  }

  // 补完之后才定 epoch: 丢了尾巴, 换回了旧的一份就要换。换好了才移走坏的一段, 中途崩溃下次还看得见它
  #begin({ boot, resumeAt, proven }: WriterOptions): string {
    const damage = this.#check?.damage;
    const isTailLost = damage?.isTailLost === true || (proven !== undefined && this.#table.isBehind(proven));
    const epoch = this.#table.begin(boot, isTailLost);
    if (damage !== undefined) this.#post({ kind: 'damaged', ...damage, kept: this.#journal.keepDamaged() });
    // 进程启动: 写到一半的尾巴不会再有人来补, 连同它的文件一起收走
    if (resumeAt === undefined) this.#journal.clear();
    return epoch;
  }

  // 提交到 #target 为止; 停机时写不进只试一次。返回是否都写完了
  async #catchUp(): Promise<boolean> {
    for (;;) {
      const batch = await this.#persist(() => this.#journal.next(this.#target));
      const last = batch?.at(-1);
      if (batch === undefined || last === undefined) return batch !== undefined;
      if ((await this.#persist(() => this.#commit(batch))) === undefined) return false;
      this.#committedAtMs = Date.now();
      this.#post({ kind: 'durable', seq: last.entry.seq, usedBytes: this.#measure(this.#committedAtMs) });
      await this.#wake.turn();
    }
  }

  // 每次提交都量, 写线程多花一成
  #measure(nowMs: number): number {
    if (nowMs - this.#measuredAtMs >= MEASURE_MS) {
      this.#measuredAtMs = nowMs;
      this.#usedBytes = this.#table.usedBytes();
    }
    return this.#usedBytes;
  }

  #commit(batch: JournalRecord[]): JournalRecord[] {
    this.#table.commit(batch);
    return batch;
  }

  // 一时的困难 (磁盘满, 只读, 锁着, 没有句柄) 就一直试, 只说一次; task 须可以从头再做。停机时不成则 undefined
  async #persist<T>(task: () => T): Promise<T | undefined> {
    for (let retryMs = 0; ; retryMs = Math.min(MAX_RETRY_MS, Math.max(FIRST_RETRY_MS, retryMs * 2))) {
      try {
        const result = task();
        if (retryMs > 0) this.#post({ kind: 'recovered' });
        return result;
      } catch (error) {
        // 损坏之类: 再试也没有用, 让线程死掉, 由主线程处置
        if (!isPassing(error)) throw error;
        if (retryMs === 0) this.#post({ kind: 'trouble', reason: describe(error) });
        if (this.#state === 'draining') return undefined;
        // 还没开始服务: 与其一直等, 不如说清楚为什么起不来
        if (this.#state === 'opening' && retryMs >= MAX_RETRY_MS) throw error;
        await this.#wake.wait(Math.max(FIRST_RETRY_MS, retryMs));
      }
    }
  }

  // 做一件不急的事; 返回还有没有可做的
  #doChore(): boolean {
    const nowMs = Date.now();
    if (nowMs < this.#choresAtMs) return false;
    try {
      if (this.#index.isDue(nowMs - this.#committedAtMs >= IDLE_MS)) {
        this.#index.step();
        return true;
      }
      return this.#expire(nowMs);
    } catch (error) {
      this.#postponeChores(error);
      return false;
    }
  }

  #expire(nowMs: number): boolean {
    if (!this.#retaining || this.#expiring !== undefined || nowMs < this.#retentionAtMs) return false;
    const expiry = this.#nextExpiry(nowMs);
    if (expiry === undefined) {
      if (this.#table.addresses.erase(nowMs - this.#keepMs)) return true;
      this.#retentionAtMs = nowMs + RETENTION_MS;
      return false;
    }
    this.#expiring = expiry;
    const files = this.#table.filesUpTo(expiry.upTo);
    // 文件先于它的行删掉: 反过来的话, 中途崩溃就多出一个没有消息的文件, 会被当成没播过的
    if (files.length === 0) this.#deleteExpired();
    else this.#post({ kind: 'expire', files });
    return true;
  }

  #nextExpiry(nowMs: number): Expiry | undefined {
    const cut = this.#retention.nextCut(nowMs);
    if (cut !== undefined) return { of: 'messages', upTo: cut };
    const upTo = this.#retention.nextFileCut(nowMs);
    return upTo === undefined ? undefined : { of: 'files', upTo };
  }

  // 又到了上限的也来说一声: 不必等到下一个 10 秒
  #retain(): void {
    this.#retaining = true;
    this.#retentionAtMs = 0;
  }

  #deleteExpired(): void {
    const expiry = this.#expiring;
    if (expiry === undefined) return;
    this.#expiring = undefined;
    try {
      if (expiry.of === 'files') {
        this.#table.filesGone(expiry.upTo);
        return;
      }
      const deleted = this.#table.deleteUpTo(expiry.upTo, this.#index.indexedSeq);
      const { firstSeq } = this.#table;
      this.#post({ kind: 'trimmed', firstSeq, ...deleted, fullness: this.#table.fullness() });
    } catch (error) {
      this.#postponeChores(error);
    }
  }

  #keepExpired(): void {
    this.#expiring = undefined;
    this.#retentionAtMs = Date.now() + RETENTION_MS;
  }

  #postponeChores(error: unknown): void {
    if (isPassing(error)) {
      this.#choresAtMs = Date.now() + CHORE_RETRY_MS;
      return;
    }
    // 索引坏了不该妨碍收消息: 到重启为止不再编索引, 不再删过期的
    this.#choresAtMs = Number.POSITIVE_INFINITY;
    this.#post({ kind: 'choreless', reason: describe(error) });
  }

  // 没有事做时睡多久; 新的消息随时叫醒
  #restMs(): number {
    const nowMs = Date.now();
    if (nowMs < this.#choresAtMs) return Math.min(RETENTION_MS, this.#choresAtMs - nowMs);
    if (this.#index.isDue(true)) return IDLE_MS;
    return Math.max(IDLE_MS, this.#retentionAtMs - nowMs);
  }

  #finish(): void {
    this.#table.end();
    this.#journal.clear();
  }
}

function describe(error: unknown): string {
  return `${sqliteCode(error)} ${error instanceof Error ? error.message : String(error)}`;
}
