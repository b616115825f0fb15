// 约 5 秒: 幂等键的记录按地址分份: 一个地址发得再多, 别人的重发照样认得, 重启之后也一样
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { limitsByAddress } from '../assembly/quota.js';
import { loadConfig } from '../config.js';
import { KeyedRequests } from '../files/keyed-requests.js';
import type { FileRecord } from '../protocol/messages.js';
import { LocalQuota } from '../quota/local-quota.js';
import { DiskKeyedJournal } from '../store/keyed-journal.js';
import { StorageFolder } from '../store/storage-folder.js';
import { temporaryFolder } from './harness.js';

const BYSTANDER = { address: '127.0.0.9', trusted: false };
const SENT = 10_050;

function record(id: string): FileRecord {
  const file = { path: `/files/${id}`, size: 1, mimeType: 'text/plain', sha256: 'a' };
  return { id, name: '张三', originalName: 'a.txt', ...file };
}

/** 每次都是磁盘上的同一个文件夹: 如同重启 */
function open(folder: StorageFolder): KeyedRequests {
  const limits = limitsByAddress(loadConfig({ env: {}, args: [] }));
  return new KeyedRequests({
    journal: new DiskKeyedJournal(folder),
    quota: new LocalQuota({ limits, now: () => 0, refused: () => {} }),
    findAnnounced: async (id) => ({ kind: 'file', seq: 1, time: 0, file: record(id) }),
    now: Date.now,
  });
}

/** 带键发一次; 认出是重发的给出从前的 id */
async function send(keyed: KeyedRequests, key: string, address: string): Promise<string | undefined> {
  const run = keyed.begin([address], key, { address, trusted: false });
  try {
    const [earlier] = await run.settle([record(`${address}-${key}`)]);
    return earlier?.file.id;
  } finally {
    run.end();
  }
}

test('幂等键: 一个地址发了一万多个不同的键, 别人先前的仍认得; 满了忘的是他自己最旧的', async (t) => {
  const root = await temporaryFolder(t);
  await mkdir(path.join(root, 'requests'), { recursive: true });
  const folder = await StorageFolder.open(root);
  const keyed = open(folder);
  await keyed.recover();
  await send(keyed, 'mine', BYSTANDER.address);
  for (let index = 0; index < SENT; index += 50) {
    const batch = Array.from({ length: 50 }, (_, offset) => send(keyed, `k${index + offset}`, '127.0.0.2'));
    await Promise.all(batch);
  }
  const restarted = open(folder);
  await restarted.recover();
  for (const each of [keyed, restarted]) {
    assert.equal(await send(each, 'mine', BYSTANDER.address), '127.0.0.9-mine');
    assert.equal(await send(each, `k${SENT - 1}`, '127.0.0.2'), `127.0.0.2-k${SENT - 1}`);
  }
  assert.equal(await send(restarted, 'k0', '127.0.0.2'), undefined);
  // 份额 1000 个, 旁人一个
  assert.equal((await new DiskKeyedJournal(folder).list()).length, 1001);
});
