// 保留期 (写线程): 超出条数, 天数或大小的, 从最旧的起一小批一小批地删
import type { Connection } from './database.js';
import type { MessageTable } from './message-table.js';
import type { RetentionLimits } from './writer-messages.js';

// 一批删的行数: 约 10 毫秒, 期间新的提交要等
const BATCH_ROWS = 500;
const DAY_MS = 86_400_000;

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
    const first = this.#table.firstSeq;
    const surplus = Math.max(this.#byCount(first), this.#byAge(nowMs), this.#bySize());
    if (surplus === 0 || first > this.#table.seq) return undefined;
    return Math.min(first + Math.min(surplus, BATCH_ROWS) - 1, this.#table.seq);
  }

  #byCount(first: number): number {
    const { maxMessages } = this.#limits;
    // seq 逐条加一, 条数就是一次减法
    return maxMessages === 0 ? 0 : Math.max(0, this.#table.seq - first + 1 - maxMessages);
  }

  #byAge(nowMs: number): number {
    const { maxAgeDays } = this.#limits;
    if (maxAgeDays === 0) return 0;
    const oldest = nowMs - maxAgeDays * DAY_MS;
    const rows = this.#database
      .prepare('SELECT CAST(time AS INTEGER) AS time FROM messages ORDER BY seq LIMIT ?')
      .all(BATCH_ROWS) as {
      time: number;
    }[];
    // 从最旧的数起, 遇到没过期的就停: 时钟往回拨过也不会跳着删
    const kept = rows.findIndex(({ time }) => time >= oldest);
    return kept < 0 ? rows.length : kept;
  }

  #bySize(): number {
    const { maxBytes } = this.#limits;
    if (maxBytes === 0) return 0;
    const pages = this.#pragma('page_count') - this.#pragma('freelist_count');
    return pages * this.#pragma('page_size') > maxBytes ? BATCH_ROWS : 0;
  }

  #pragma(name: string): number {
    const [row] = this.#database.prepare(`PRAGMA ${name}`).raw().all() as [number][];
    return row?.[0] ?? 0;
  }
}
