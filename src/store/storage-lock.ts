// 存储目录的独占: 两个服务器共用一个目录, 后启动者的对账会删掉前者正在写的文件
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, explainDisk, isMissing } from './disk-errors.js';

const LOCK_NAME = '.lock';

/**
 * 占住存储目录, 返回归还的函数。错误: 另一个活着的进程正占着 (一行中文说明)。
 * 锁里是进程号: kill -9 留下的锁, 进程已不在, 直接接管; 进程号恰是自己的 (容器里总是 1) 也算留下的。
 */
export async function lockStorage(root: string): Promise<() => Promise<void>> {
  const file = path.join(root, LOCK_NAME);
  const holder = await readHolder(file);
  if (holder !== undefined && holder !== process.pid && isAlive(holder)) {
    throw new Error(`存储文件夹 ${root} 正由进程 ${holder} 使用; 确认它不是水闸之后可删除 ${file}`);
  }
  await writeFile(file, String(process.pid)).catch(async (error: unknown) => {
    // 磁盘满时建得了空文件, 写不进; 删不掉也不要紧, 空的锁不算数
    await rm(file, { force: true }).catch(() => undefined);
    throw explainDisk(error, file);
  });
  return () => rm(file, { force: true });
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

// 信号 0 只探测: 没有权限发信号也说明它活着
function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
