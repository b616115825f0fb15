// 小 JSON 文件的原子读写: 先写临时文件再改名, 崩溃后要么旧要么新
import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isFolder, isMissing, translateDiskError } from './disk-errors.js';

/** flush: 改名之前落到盘片, 掉电也不会得到空文件。错误: storage_full, server_busy, 其余为系统错误 */
export async function writeJson(path: string, value: unknown, flush = false): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(value), { flush });
    await rename(temporary, path);
  } catch (error) {
    // 只读的磁盘上删也报错: 不能盖住真正的原因
    await rm(temporary, { force: true }).catch(() => {});
    throw translateDiskError(error);
  }
}

/** 同 readJson, 同步; 只在启动时用 */
export function readJsonSync(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (isUnusable(error)) return undefined;
    throw error;
  }
}

/** 文件不存在, 是个文件夹, 或不是合法 JSON 时为 undefined: 损坏的记录按没有处理, 由清扫收走 */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if (isUnusable(error)) return undefined;
    throw error;
  }
}

function isUnusable(error: unknown): boolean {
  return isMissing(error) || isFolder(error) || error instanceof SyntaxError;
}
