// 打开消息数据库: 连接的设置, 版本的逐级升级, 打不开时一行说得清的中文
import Database from 'libsql';
import { MIGRATIONS, SCHEMA_VERSION } from './schema.js';

export type Connection = Database.Database;

export const DATABASE_NAME = 'messages.db';

// 别的进程占着锁时等多久 (毫秒); 还不行就由调用者过会儿再试
const BUSY_TIMEOUT_MS = 2000;
// 页缓存 (KiB, 负数的写法): 每个连接一份
const CACHE_KIB = 16 * 1024;
// 一时的困难: 磁盘满, 锁被占, 读写出错。过会儿再试; 其余的 (损坏) 再试也没有用
const PASSING = /^SQLITE_(?:FULL|BUSY|LOCKED|IOERR|READONLY|CANTOPEN|PROTOCOL)/;
const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB)/;

export function sqliteCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** 过会儿再试可能成功 */
export function isPassing(error: unknown): boolean {
  return PASSING.test(sqliteCode(error));
}

/**
 * 写者的连接 (整个进程只有一个): 建表, 升级。
 * 错误: 文件损坏, 或由更新的版本建立 (都是一行中文, 从不删除文件)
 */
export function openWriter(file: string, sync: boolean): Connection {
  return explained(file, () => {
    const database = connect(file);
    database.exec('PRAGMA journal_mode = WAL');
    // FULL: 每次提交都 fsync 预写日志, 断电也不丢
    database.exec(`PRAGMA synchronous = ${sync ? 'FULL' : 'NORMAL'}`);
    // 大批写入之后把撑大的预写日志缩回来
    database.exec('PRAGMA journal_size_limit = 67108864');
    migrate(database);
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

// 每一级各在一个事务里: 中途断电就停在上一级
function migrate(database: Connection): void {
  for (let version = userVersion(database); version !== SCHEMA_VERSION; version += 1) {
    const steps = MIGRATIONS[version];
    if (steps === undefined) {
      throw new Error(
        `消息数据库的格式是第 ${version} 版, 这个版本的水闸只认得到第 ${SCHEMA_VERSION} 版; 请换用更新的水闸`,
      );
    }
    transact(database, 'IMMEDIATE', () => {
      for (const step of steps) database.exec(step);
      database.exec(`PRAGMA user_version = ${version + 1}`);
    });
  }
}

function explained<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const code = sqliteCode(error);
    if (DAMAGED.test(code)) {
      throw new Error(`消息数据库 ${file} 已损坏 (${code}); 请先备份, 再运行 npm run doctor 检查`);
    }
    if (code === '' && !(error instanceof Error && error.message.includes('ConnectionFailed'))) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`打不开消息数据库 ${file} (${code} ${reason}); 可运行 npm run doctor 检查`);
  }
}
