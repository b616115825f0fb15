// 已发布的文件在磁盘上的一个: 打开, 看大小, 读不读得了, 目录落盘
import { close, constants, open, read } from 'node:fs';
import { access, open as openFolder, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { OpenBlob } from '../files/ports.js';
import { isMissing, translateDiskError } from './disk-errors.js';
import { readStoredSync, type StoredRecord } from './stored-record.js';

const openAsync = promisify(open);
const closeAsync = promisify(close);
const readAsync = promisify(read);

/** 改名只改目录项: 目录也要落盘, 掉电之后名字才在。Windows 打不开目录, 那里由文件系统自己保证 */
export async function syncFolders(...files: string[]): Promise<void> {
  if (process.platform === 'win32') return;
  for (const file of files) {
    const folder = await openFolder(path.dirname(file), 'r');
    await folder.sync().finally(() => folder.close());
  }
}

/** 没有这个文件则 undefined。错误: server_busy (没有句柄, 读写出错), 其余为系统错误 */
export async function openBlob(file: string): Promise<OpenBlob | undefined> {
  const fd = await openAsync(file, 'r').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw translateDiskError(error);
  });
  if (fd === undefined) return undefined;
  return {
    read: async (target, position) => (await readAsync(fd, target, 0, target.byteLength, position)).bytesRead,
    // 磁盘上的读从不等人
    abandon: () => {},
    close: () => closeAsync(fd),
  };
}

/** 没有, 或是个文件夹则 undefined。错误: 系统错误 */
export async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** 不抛错 */
export async function isReadable(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return (await stat(file)).isFile();
  } catch {
    // 不存在, 不可读, 是个文件夹, 对下载是一回事
    return false;
  }
}

/** 一份读不出 (没有权限, 坏扇区) 不能让整个服务器起不来: 对账会数出它 */
export function tryReadStored(file: string): StoredRecord | undefined {
  try {
    return readStoredSync(file);
  } catch {
    return undefined;
  }
}
