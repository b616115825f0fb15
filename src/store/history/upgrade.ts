// 消息数据库的逐级升级: 先整个留一份副本, 再在一个事务里改; 不满意可以换回副本与旧版本 (README 的 "升级与退回")
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'libsql';
import { type Connection, transact, userVersion } from './database.js';
import { MIGRATIONS, SCHEMA_VERSION } from './schema.js';

/** 第 version 版的副本的文件名 */
function backupName(version: number): string {
  return `messages-v${version}.db`;
}

/** 数据库的格式是第几版; 0 是空的。错误: 由更新的版本建立 (一行中文) */
export function knownVersion(database: Connection): number {
  const version = userVersion(database);
  if (version <= SCHEMA_VERSION) return version;
  throw new Error(
    `消息数据库的格式是第 ${version} 版, 这个版本的水闸只认得到第 ${SCHEMA_VERSION} 版; 请换用更新的水闸`,
  );
}

/**
 * 升到最新的一版; 返回升级之前的副本的文件名 (没有升级, 或原来是空的, 则 undefined)。每一级各在一个事务里, 中途断电就停在上一级。
 * 错误: 更新的版本建的 (一行中文); 副本写不下时 SQLITE_FULL, 那时什么都没有改
 */
export function upgrade(database: Connection, file: string): string | undefined {
  const version = knownVersion(database);
  // 空的没有什么可留
  const isOld = version > 0 && version < SCHEMA_VERSION;
  if (isOld) backUp(database, file, version);
  for (const [index, steps] of MIGRATIONS.entries()) {
    if (index < version) continue;
    transact(database, 'IMMEDIATE', () => {
      for (const step of steps) {
        if (typeof step === 'string') database.exec(step);
        else step(database);
      }
      database.exec(`PRAGMA user_version = ${index + 1}`);
    });
  }
  return isOld ? backupName(version) : undefined;
}

// 写全了, 落盘了才改名: 有这个名字的一定是完整的一份
function backUp(database: Connection, file: string, version: number): void {
  const copy = path.join(path.dirname(file), backupName(version));
  const part = `${copy}.part`;
  discard(part);
  try {
    database.prepare('VACUUM INTO ?').run([part]);
    forgetEpoch(part);
    flush(part, 'r+');
    renameSync(part, copy);
    // 改名也落盘了才动原来的: 否则断电之后升了级而副本没有了。Windows 打不开目录, 那里由文件系统自己保证
    if (process.platform !== 'win32') flush(path.dirname(copy), 'r');
  } catch (error) {
    discard(part);
    throw error;
  }
}

// 连同 forgetEpoch 半途留下的日志
function discard(part: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${part}${suffix}`, { force: true });
}

function flush(file: string, flags: 'r' | 'r+'): void {
  const fd = openSync(file, flags);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

// 换回副本就没有了升级以后的消息: 那时须换一个编号, 客户端才知道重新取
function forgetEpoch(copy: string): void {
  const database = new Database(copy);
  try {
    database.exec(`DELETE FROM meta WHERE key = 'epoch'`);
  } finally {
    database.close();
  }
}
