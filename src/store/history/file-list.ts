// file_list 表: 每个文件一行折叠过的名字, 供文件面板搜索与计数; 与消息同一个事务里写入, 删掉, 所以从不缺
import type { FileEntry } from '../../protocol/messages.js';
import { fold } from '../../protocol/text-fold.js';
import type { Connection } from './database.js';
import { OLD_COLUMNS, type Row, toEntry } from './rows.js';
import { indexedWord, searchedOf } from './searched.js';

const INSERT = 'INSERT INTO file_list (seq, time, kind, name, sender) VALUES (?, ?, ?, ?, ?)';
// 重填时一次读这么多行
const BATCH_ROWS = 5000;

export class FileList {
  readonly #insert;
  readonly #delete;
  readonly #count;

  constructor(database: Connection) {
    this.#insert = database.prepare(INSERT);
    this.#delete = database.prepare('DELETE FROM file_list WHERE seq <= ?');
    this.#count = database.prepare('SELECT count(*) FROM file_list').raw();
  }

  /** 在提交消息的事务里调用 */
  add(entry: FileEntry): void {
    this.#insert.run(valuesOf(entry));
  }

  /** 在删消息的事务里调用; 返回删了几个 */
  deleteUpTo(seq: number): number {
    return this.#delete.run([seq]).changes;
  }

  /** 数一遍 (十万个约 2 毫秒): 启动时一次, 之后由主线程自己加减 */
  count(): number {
    const [row] = this.#count.all() as [number][];
    return row?.[0] ?? 0;
  }
}

/** 从消息表重填 (升级, 体检修复时): 十万个约 1 秒。须在事务里 */
export function fillFileList(database: Connection): void {
  database.exec('DELETE FROM file_list');
  const insert = database.prepare(INSERT);
  const select = database
    // 升级的途中还没有后来的列
    .prepare(
      `SELECT ${OLD_COLUMNS} FROM messages m WHERE m.kind = 'file' AND m.seq > ? ORDER BY m.seq LIMIT ?`,
    )
    .raw();
  for (let above = -1; ; ) {
    const entries = (select.all(above, BATCH_ROWS) as Row[]).map(toEntry);
    for (const entry of entries) if (entry.kind === 'file') insert.run(valuesOf(entry));
    const last = entries.at(-1);
    if (last === undefined) return;
    above = last.seq;
  }
}

function valuesOf(entry: FileEntry): (string | number)[] {
  const { body, name, time, kind = 'other' } = searchedOf(entry);
  return [entry.seq, time, kind, indexedWord(fold(body)), indexedWord(fold(name))];
}
