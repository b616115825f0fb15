// 顺着读文件: 内容不错位, 内存里至多两块
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { BLOCK_BYTES, ChunkReader } from '../../src/net/upload/chunk-reader.js';

const bytes = randomBytes(3 * BLOCK_BYTES + 777);
const file = new Blob([bytes]);

async function readAll(reader: ChunkReader, from: number, chunkBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let offset = from;
  while (offset < file.size) {
    const part = await reader.read(offset, chunkBytes);
    assert.ok(part.length > 0 && part.length <= chunkBytes);
    // 视图只在下一次 read 之前有效, 所以拷贝
    parts.push(Buffer.from(part));
    offset += part.length;
  }
  return Buffer.concat(parts);
}

describe('分片的读取', () => {
  it('从任何位置起, 以任何大小读, 都与原文件相同', async () => {
    for (const [from, chunkBytes] of [
      [0, 262_144],
      [12_345, 100_000],
      [0, 2 * BLOCK_BYTES],
      [file.size - 1, 7],
    ] as const) {
      const read = await readAll(new ChunkReader(file, chunkBytes), from, chunkBytes);
      assert.ok(read.equals(bytes.subarray(from)), `${from} 起, 每次 ${chunkBytes}`);
    }
  });

  it('退回去重读也对: 失步之后要从更早处重发', async () => {
    const reader = new ChunkReader(file, 262_144);
    await readAll(reader, 0, 262_144);
    const again = Buffer.from(await reader.read(262_144, 262_144));
    assert.ok(again.equals(bytes.subarray(262_144, 524_288)));
  });

  it('文件变短了: 报读不了, 不会原地打转', async () => {
    const reader = new ChunkReader(file, 262_144);
    await assert.rejects(reader.read(file.size, 1), { name: 'NotReadableError' });
  });
});
