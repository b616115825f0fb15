// 保留期 (写线程): 超出条数, 天数或大小的, 从最旧的起一小批一小批地删
import type { Connection } from './database.js';
import { DAY_MS, floorDays } from './headroom.js';
import type { MessageTable } from './message-table.js';
import type { RetentionLimits } from './writer-messages.js';

// 一批删的行数: 约 10 毫秒, 期间新的提交要等
const BATCH_ROWS = 500;
// 一批只删这么多个文件: 每个要碰几次磁盘
const FILE_ROWS = 50;

export class Retention {
  readonly #database: Connection;
  readonly #table: MessageTable;
  readonly #limits: RetentionLimits;

  constructor(database: Connection, table: MessageTable, limits: RetentionLimits) {
    this.#database = database;
    this.#table = table;
    this.#limits = limits;
  }

  /** 这一批删到哪个 seq 为止; 没有要删的则 undefined */
  nextCut(nowMs: number): number | undefined {
    const { maxAgeDays } = this.#limits;
    // 为腾地方而删的, 不碰留底之内的
    const crowded = Math.max(this.#byCount(), this.#bySize());
    const spare = crowded === 0 ? 0 : Math.min(crowded, this.#olderThan(nowMs, floorDays(this.#limits)));
    const aged = maxAgeDays === 0 ? 0 : this.#olderThan(nowMs, maxAgeDays);
    const surplus = Math.min(Math.max(spare, aged), BATCH_ROWS);
    return surplus === 0 ? undefined : this.#table.nthSeq(surplus);
  }

  /** 这一批只删文件, 删到哪个 seq 为止; 没有过了 fileDays 的则 undefined */
  nextFileCut(nowMs: number): number | undefined {
    const { fileDays = 0 } = this.#limits;
    if (fileDays === 0) return undefined;
    const oldest = nowMs - fileDays * DAY_MS;
    const rows = this.#database
      .prepare(
        `SELECT seq, CAST(time AS INTEGER) AS time FROM messages
         WHERE kind = 'file' AND seq > ? ORDER BY seq LIMIT ?`,
      )
      .all(this.#table.filesGoneSeq, FILE_ROWS) as { seq: number; time: number }[];
    const kept = rows.findIndex(({ time }) => time >= oldest);
    return (kept < 0 ? rows : rows.slice(0, kept)).at(-1)?.seq;
  }

  #byCount(): number {
    const { maxMessages } = this.#limits;
    return maxMessages === 0 ? 0 : Math.max(0, this.#table.rows - maxMessages);
  }

  // 从最旧的数起有几条过了 days 天, 至多一批
  #olderThan(nowMs: number, days: number): number {
    const oldest = nowMs - days * DAY_MS;
    const rows = this.#database
      .prepare('SELECT CAST(time AS INTEGER) AS time FROM messages ORDER BY seq LIMIT ?')
      .all(BATCH_ROWS) as {
      time: number;
    }[];
    // 遇到没过期的就停: 时钟往回拨过也不会跳着删
    const kept = rows.findIndex(({ time }) => time >= oldest);
    return kept < 0 ? rows.length : kept;
  }

  #bySize(): number {
    const { maxBytes } = this.#limits;
    return maxBytes > 0 && this.#table.usedBytes() > maxBytes ? BATCH_ROWS : 0;
  }
}
