// 打开消息数据库: 连接的设置, 打不开时一行说得清的中文
import Database from 'libsql';
import { isPassingDisk } from '../disk-errors.js';
import { HistoryError } from './history-error.js';

export type Connection = Database.Database;

export const DATABASE_NAME = 'messages.db';

// 别的进程占着锁时等多久 (毫秒); 还不行就由调用者过会儿再试
const BUSY_TIMEOUT_MS = 2000;
// 页缓存 (KiB, 负数的写法): 每个连接一份
const CACHE_KIB = 16 * 1024;
// 一时的困难: 磁盘满, 锁被占, 读写出错。过会儿再试; 其余的 (损坏) 再试也没有用
const PASSING = /^SQLITE_(?:FULL|BUSY|LOCKED|IOERR|READONLY|CANTOPEN|PROTOCOL)/;
// 坏了: 与一时的困难不同, 要人来处置
const DAMAGE = /^SQLITE_(?:CORRUPT|NOTADB)/;
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    DAMAGE,
    '已损坏; 请先备份, 再运行 npm run doctor 检查; 可由备份恢复 history/, 没有备份就以 --accept-lost-history 启动一次 (坏的留在一旁, 历史从头开始)',
  ],
  [/^SQLITE_(?:BUSY|LOCKED)/, '被别的程序锁着; 请关掉正打开它的工具 (如 sqlite3) 再试'],
  [/^SQLITE_FULL/, '写不进: 磁盘满了; 请腾出空间再试, 没写进去的在预写文件里, 不会丢'],
  [/^SQLITE_READONLY/, '只读; 请检查它与所在文件夹的属主与权限'],
  [/^SQLITE_(?:CANTOPEN|PERM|AUTH)/, '打不开; 请检查它是不是普通文件, 以及属主与权限'],
  [/^SQLITE_IOERR/, '读写出错; 请检查磁盘与系统日志'],
];
const UNKNOWN_ADVICE = '打不开; 可运行 npm run doctor 检查';

export function sqliteCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** 过会儿再试可能成功; 预写文件的系统错误也算 */
export function isPassing(error: unknown): boolean {
  return PASSING.test(sqliteCode(error)) || isPassingDisk(error);
}

/** 数据库本身坏了 */
export function isDamage(error: unknown): boolean {
  return DAMAGE.test(sqliteCode(error));
}

/**
 * 写者的连接 (整个进程只有一个); prepare 建表, 升级。
 * 错误: 文件损坏, 或由更新的版本建立 (都是一行中文, 从不删除文件)
 */
export function openWriter(file: string, sync: boolean, prepare: (database: Connection) => void): Connection {
  return explained(file, () => {
    const database = connect(file);
    // 先于任何写入: 不动别人的数据库
    requireOurs(database, file);
    database.exec('PRAGMA journal_mode = WAL');
    // FULL: 每次提交都 fsync 预写日志, 断电也不丢
    database.exec(`PRAGMA synchronous = ${sync ? 'FULL' : 'NORMAL'}`);
    // 大批写入之后把撑大的预写日志缩回来
    database.exec('PRAGMA journal_size_limit = 67108864');
    prepare(database);
    return database;
  });
}

/** 读者的连接: 写不了 */
export function openReader(file: string): Connection {
  return explained(file, () => {
    const database = connect(file);
    database.exec('PRAGMA query_only = 1');
    return database;
  });
}

/** 一个事务: fn 抛错则全部作废 */
export function transact<T>(database: Connection, mode: 'IMMEDIATE' | 'DEFERRED', fn: () => T): T {
  database.exec(`BEGIN ${mode}`);
  try {
    const result = fn();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // 磁盘满时 SQLite 已经自己回滚了, 再回滚会盖住真正的错误
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** 各条语句只准备一次, 之后取出反复用: 准备比执行还贵。SQL 的种类须有限, 值一律用参数 */
export class Statements {
  readonly #database: Connection;
  readonly #prepared = new Map<string, Database.Statement>();

  constructor(database: Connection) {
    this.#database = database;
  }

  /** 每行一个数组 */
  rows<R extends readonly unknown[]>(sql: string, ...values: readonly (string | number)[]): R[] {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql).raw();
      this.#prepared.set(sql, statement);
    }
    return statement.all(values) as R[];
  }
}

export function userVersion(database: Connection): number {
  const [row] = database.prepare('PRAGMA user_version').all() as { user_version: number }[];
  return row?.user_version ?? 0;
}

function connect(file: string): Connection {
  const database = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  database.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  return database;
}

/** 别的程序的数据库放在了这个位置? 错误: 一行中文 */
export function requireOurs(database: Connection, file: string): void {
  const [[tables = 0, ours = 0] = []] = database
    .prepare(`SELECT count(*), count(*) FILTER (WHERE name IN ('messages', 'meta')) FROM sqlite_master`)
    .raw()
    .all() as [number, number][];
  // 版本号 0 的是空的 (每一级连同版本号一起提交)
  if (userVersion(database) === 0 ? tables === 0 : ours === 2) return;
  throw new Error(
    `${file} 不是水闸的消息数据库 (里面是别的程序的表), 没有动它; 请把它移走, 从备份恢复 messages.db 再启动`,
  );
}

/** SQLite 的错误换成一行中文: 哪个文件, 怎么办; 别的错误原样 */
export function explain(error: unknown, file: string): unknown {
  const reason = error instanceof Error ? error.message : String(error);
  // 连不上的没有 code, 多半是 SQLite 的 14 号
  const code = sqliteCode(error) || (reason.includes('ConnectionFailed') ? 'SQLITE_CANTOPEN' : '');
  // 预写文件的系统错误不是数据库的
  if (!code.startsWith('SQLITE_')) return error;
  const [, advice = UNKNOWN_ADVICE] = ADVICE.find(([codes]) => codes.test(code)) ?? [];
  const message = `消息数据库 ${file} ${advice} (${code} ${reason})`;
  return DAMAGE.test(code) ? new HistoryError('damaged', message) : new Error(message);
}

function explained<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw explain(error, file);
  }
}
