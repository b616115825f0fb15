// 逐个核对 SHA-256: 慢 (受磁盘限制), 所以要明说才做; 有几个名字的内容只读一遍
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Finding } from './findings.js';
import type { Inventory } from './inventory.js';

/** progress: 已读与总共的字节数 */
export async function checkHashes(
  root: string,
  { files, metas }: Inventory,
  progress: (done: number, total: number) => void,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const digests = new Map<string, string>();
  // 大小不对的已经报过, 内容必然不同
  const wanted = [...files].filter(([id, { size }]) => metas.get(id)?.record.size === size);
  const total = wanted.reduce((sum, [, { size }]) => sum + size, 0);
  let done = 0;
  for (const [id, { name, size }] of wanted) {
    const file = path.join(root, 'files', name);
    const { ino, nlink } = await stat(file, { bigint: true });
    const inode = String(ino);
    const sha256 = digests.get(inode) ?? (await digest(file));
    // 只有一个名字的不必记
    if (nlink > 1n) digests.set(inode, sha256);
    const expected = metas.get(id)?.record.sha256;
    if (sha256 !== expected) {
      findings.push({ kind: 'hash_mismatch', subject: `files/${name}`, detail: `实为 ${sha256}` });
    }
    done += size;
    progress(done, total);
  }
  return findings;
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}
