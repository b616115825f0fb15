// 地址 (写线程): 每个地址每个钟头发了多少, 重启之后份额接着算; 过了保留期的地址从消息里抹掉
import type { FileRecord } from '../../protocol/messages.js';
import { type Amounts, dayAgo, type HourlyUsage, hourOf, textCost } from '../../quota/daily-share.js';
import { type Connection, transact } from './database.js';
import type { JournalRecord } from './journal.js';
import { blobOf, textOf } from './rows.js';

// 一次抹掉的行数: 约 10 毫秒
const BATCH_ROWS = 1000;
// 隔这么久写一次 (毫秒): 每次提交都写, 写线程多花一成。被杀掉时至多少算这么久的份额
const FLUSH_MS = 1000;
const ADD = `INSERT INTO address_hours (hour, address, entries, text_bytes, file_bytes) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (hour, address) DO UPDATE SET entries = entries + excluded.entries,
    text_bytes = text_bytes + excluded.text_bytes, file_bytes = file_bytes + excluded.file_bytes`;

export class AddressBook {
  readonly #database: Connection;
  readonly #add;
  readonly #forget;
  /** 还没写下的, 同一个地址同一个钟头合成一份; 至多攒 FLUSH_MS */
  readonly #unsaved = new Map<string, HourlyUsage>();
  #flushedAtMs = 0;
  /** 最近清过的钟头: 一个钟头清一次 */
  #tidiedHour = 0;

  constructor(database: Connection) {
    this.#database = database;
    this.#add = database.prepare(ADD);
    this.#forget = database.prepare('DELETE FROM address_hours WHERE hour < ?');
  }

  /** 提交了这些消息之后调用: 先记着, 隔一会儿才写 */
  count(records: readonly JournalRecord[]): void {
    for (const { entry, address } of records) {
      if (address === undefined) continue;
      const hour = hourOf(entry.time);
      const key = `${hour} ${address}`;
      const cost = entry.kind === 'text' ? textCost(Buffer.byteLength(entry.message)) : fileCost(entry.file);
      this.#unsaved.set(key, added(this.#unsaved.get(key) ?? { hour, address, ...NOTHING }, cost));
    }
    const nowMs = Date.now();
    if (nowMs - this.#flushedAtMs >= FLUSH_MS) this.flush(nowMs);
  }

  /** 记着的都写下; 停下之前也要 */
  flush(nowMs = Date.now()): void {
    this.#flushedAtMs = nowMs;
    if (this.#unsaved.size === 0) return;
    transact(this.#database, 'IMMEDIATE', () => {
      for (const { hour, address, entries, textBytes, fileBytes } of this.#unsaved.values())
        this.#add.run([hour, address, entries, textBytes, fileBytes]);
      this.#tidy(nowMs);
    });
    this.#unsaved.clear();
  }

  /** 最近一天的 */
  recent(nowMs: number): HourlyUsage[] {
    this.flush(nowMs);
    const rows = this.#database
      .prepare(
        `SELECT hour, ${blobOf('address')}, entries, text_bytes, file_bytes FROM address_hours WHERE hour > ?`,
      )
      .raw()
      .all(dayAgo(nowMs)) as [number, Uint8Array, number, number, number][];
    return rows.map(([hour, address, entries, textBytes, fileBytes]) => ({
      ...{ hour, address: textOf(address) },
      ...{ entries, textBytes, fileBytes },
    }));
  }

  /** 抹掉 beforeMs 以前的地址, 一次一批; 返回还有没有 */
  erase(beforeMs: number): boolean {
    const erased = Number(this.#meta() ?? 0);
    const rows = this.#database
      .prepare('SELECT seq, CAST(time AS INTEGER) FROM messages WHERE seq > ? ORDER BY seq LIMIT ?')
      .raw()
      .all(erased, BATCH_ROWS) as [number, number][];
    // 从最旧的起, 遇到还要留的就停
    const kept = rows.findIndex(([, timeMs]) => timeMs >= beforeMs);
    const last = (kept < 0 ? rows : rows.slice(0, kept)).at(-1)?.[0];
    if (last === undefined) return false;
    this.#database
      .prepare('UPDATE messages SET address = NULL WHERE seq > ? AND seq <= ? AND address IS NOT NULL')
      .run([erased, last]);
    this.#database
      .prepare(`INSERT OR REPLACE INTO meta (key, value) VALUES ('addresses_after', ?)`)
      .run([String(last)]);
    return true;
  }

  #meta(): number | undefined {
    const [row] = this.#database
      .prepare(`SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'addresses_after'`)
      .raw()
      .all() as [number][];
    return row?.[0];
  }

  #tidy(nowMs: number): void {
    const hour = hourOf(nowMs);
    if (hour === this.#tidiedHour) return;
    this.#tidiedHour = hour;
    this.#forget.run([dayAgo(nowMs)]);
  }
}

const NOTHING: Amounts = { entries: 0, textBytes: 0, fileBytes: 0 };

function fileCost({ size }: FileRecord): Amounts {
  return { ...textCost(0), fileBytes: size };
}

function added(usage: HourlyUsage, cost: Amounts): HourlyUsage {
  return {
    ...usage,
    entries: usage.entries + cost.entries,
    textBytes: usage.textBytes + cost.textBytes,
    fileBytes: usage.fileBytes + cost.fileBytes,
  };
}
