// 会话令牌的签名密钥: 第一次启动时生成, 之后一直用它
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { explainDisk, isMissing } from './disk-errors.js';

const SECRET_BYTES = 32;

export interface SessionSecret {
  readonly secret: Uint8Array;
  /** 刚生成的: 以前发出的令牌都不认了 */
  readonly isNew: boolean;
}

/** 读出, 没有 (或短于 32 字节) 就生成。副作用: 只有属主可读。错误: 读不出, 写不进 (一行中文) */
export async function loadSessionSecret(file: string): Promise<SessionSecret> {
  const saved = await readSecret(file);
  if (saved !== undefined && saved.length >= SECRET_BYTES) return { secret: saved, isNew: false };
  const secret = randomBytes(SECRET_BYTES);
  // 先写临时文件再改名: 写到一半崩溃, 不留半个密钥
  try {
    await writeFile(`${file}.tmp`, secret, { mode: 0o600 });
    await rename(`${file}.tmp`, file);
  } catch (error) {
    throw explainDisk(error, file);
  }
  return { secret, isNew: true };
}

async function readSecret(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw explainDisk(error, file);
  }
}
