// 存储目录的独占: 两个服务器共用一个目录, 后启动者的对账会删掉前者正在写的文件
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { explainDisk, isMissing } from './disk-errors.js';
import { isHeld } from './lock-holder.js';

const LOCK_NAME = '.lock';
// 不让锁开着的旧版本凭它认出
const DATABASE = path.join('history', 'messages.db');

/**
 * 占住存储目录, 返回归还的函数。错误: 另一个活着的进程正占着 (一行中文说明)。
 * 锁里是进程号: kill -9 或断电留下的锁, 那个进程已不在, 或号已轮到别人, 直接接管; 进程号恰是自己的 (容器里总是 1) 也算留下的。
 */
export async function lockStorage(root: string): Promise<() => Promise<void>> {
  const file = path.join(root, LOCK_NAME);
  const holder = await readHolder(file);
  if (
    holder !== undefined &&
    holder !== process.pid &&
    (await isHeld(holder, file, [path.join(root, DATABASE)]))
  ) {
    throw new Error(`存储文件夹 ${root} 正由进程 ${holder} 使用; 确认它不是水闸之后可删除 ${file}`);
  }
  const handle = await write(file);
  return async () => {
    await handle.close();
    await rm(file, { force: true });
  };
}

// 归还之前一直开着: 后来者凭它分清是不是同一个进程
async function write(file: string): Promise<FileHandle> {
  const handle = await open(file, 'w').catch((error: unknown) => {
    throw explainDisk(error, file);
  });
  try {
    await handle.writeFile(String(process.pid));
    return handle;
  } catch (error) {
    await handle.close();
    // 磁盘满时建得了空文件, 写不进; 删不掉也不要紧, 空的锁不算数
    await rm(file, { force: true }).catch(() => undefined);
    throw explainDisk(error, file);
  }
}

async function readHolder(file: string): Promise<number | undefined> {
  try {
    const holder = Number(await readFile(file, 'utf8'));
    return Number.isSafeInteger(holder) && holder > 0 ? holder : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw explainDisk(error, file);
  }
}
