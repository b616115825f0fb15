// 锁里的进程号还是不是当初的那个服务器: 断电重启之后号多半轮到别人, 没有人收尸的进程也还占着号
import { readdir, readFile, stat } from 'node:fs/promises';
import { errorCode } from './disk-errors.js';

/**
 * 进程正用着 lock 或 others 之一。Linux 上看它打开的文件; 别的系统, 或看不到的, 只要号有人用就算: 宁可请人来看,
 * 不能两个一起写。不抛错
 */
export async function isHeld(processId: number, lock: string, others: readonly string[]): Promise<boolean> {
  if (!isAlive(processId)) return false;
  if (process.platform !== 'linux') return true;
  if (await isZombie(processId)) return false;
  const opened = await openedBy(processId);
  // 别的用户的进程看不到它打开了什么; 但锁是当初的主人建的
  if (opened === undefined) return (await ownerOf(`/proc/${processId}`)) === (await ownerOf(lock));
  for (const file of [lock, ...others]) {
    const identity = await identityOf(file);
    if (identity !== undefined && opened.has(identity)) return true;
  }
  return false;
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

// 第三项是状态, 在括起来的名字之后
async function isZombie(processId: number): Promise<boolean> {
  const line = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => '');
  return line.slice(line.lastIndexOf(')')).startsWith(') Z');
}

// 看不到则 undefined
async function openedBy(processId: number): Promise<ReadonlySet<string> | undefined> {
  const folder = `/proc/${processId}/fd`;
  const numbers = await readdir(folder).catch(() => undefined);
  if (numbers === undefined) return undefined;
  const identities = await Promise.all(numbers.map((number) => identityOf(`${folder}/${number}`)));
  return new Set(identities.filter((identity) => identity !== undefined));
}

// 设备与 inode: 同一个文件夹可以有几个路径 (绑定挂载)。没有了则 undefined
async function identityOf(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

// 看不到的都是 undefined, 算作相同
async function ownerOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.uid;
}
