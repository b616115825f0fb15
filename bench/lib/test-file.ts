// 测试文件: 由序号决定的伪随机内容, 每 4 KiB 盖一个序号戳, 错位, 重复或缺页都会改变 SHA-256
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const BLOCK_BYTES = 1024 * 1024;
const PAGE_BYTES = 4096;

export interface TestFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** 做过一次就留着再用; 保证: 同样大小在任何机器上内容相同 */
export function ensureTestFile(folder: string, bytes: number): TestFile {
  const path = join(folder, `random-${bytes}.bin`);
  const hashPath = `${path}.sha256`;
  if (existsSync(path) && existsSync(hashPath) && statSync(path).size === bytes) {
    return { path, bytes, sha256: readFileSync(hashPath, 'utf8').trim() };
  }
  console.log(`正在生成 ${bytes} 字节的测试文件 ${path} (只做一次)`);
  // 先写旁边再改名: 中途打断不会留下一个看似完整的文件
  const sha256 = writeBlocks(`${path}.part`, bytes);
  renameSync(`${path}.part`, path);
  writeFileSync(hashPath, `${sha256}\n`);
  return { path, bytes, sha256 };
}

function writeBlocks(path: string, bytes: number): string {
  const block = randomBlock();
  const hash = createHash('sha256');
  const fd = openSync(path, 'w');
  for (let offset = 0; offset < bytes; offset += BLOCK_BYTES) {
    for (let page = 0; page < BLOCK_BYTES; page += PAGE_BYTES) block.writeDoubleLE(offset + page, page);
    const part = block.subarray(0, Math.min(BLOCK_BYTES, bytes - offset));
    hash.update(part);
    writeSync(fd, part);
  }
  closeSync(fd);
  return hash.digest('hex');
}

/** xorshift32: 压不动, 又不依赖系统的随机数 */
function randomBlock(): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  let state = 0x9e3779b9;
  for (let at = 0; at < BLOCK_BYTES; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    block.writeInt32LE(state | 0, at);
  }
  return block;
}
