// 大文件: 由种子决定的伪随机内容, 边写边算散列, 不进内存
import { createCipheriv, createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const BLOCK_BYTES = 4 * 1024 * 1024;

/** 在 file 写 bytes 字节, 内容只由 seed 决定; 返回 SHA-256 (十六进制) */
export async function writeRandomFile(file: string, bytes: number, seed: string | number): Promise<string> {
  // AES-CTR 的密钥流: 每秒数 GB, 又不可压缩, 不会被任何一层偷偷变小
  const key = createHash('sha256').update(String(seed)).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(BLOCK_BYTES);
  const hash = createHash('sha256');
  const handle = await open(file, 'w');
  try {
    for (let offset = 0; offset < bytes; offset += BLOCK_BYTES) {
      const block = stream.update(zeros.subarray(0, Math.min(BLOCK_BYTES, bytes - offset)));
      hash.update(block);
      // writeFile 接着当前位置写, 并写完整块 (write 可能只写一部分)
      await handle.writeFile(block);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** 流式下载 url, 返回内容的 SHA-256; 错误: 状态不是 200 */
export async function sha256OfDownload(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`下载 ${url}: HTTP ${response.status}`);
  const hash = createHash('sha256');
  for await (const bytes of response.body) hash.update(bytes);
  return hash.digest('hex');
}
