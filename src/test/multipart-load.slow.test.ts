// multipart 的大上传与并行: 内存有界, 字节都对; 约 5 秒
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { test } from 'node:test';
import { Client, type Message, sha256 } from './client.js';
import { serve, spawnServer, temporaryFolder } from './harness.js';
import { formHeaders, multipart, processBytes, publishOne } from './http-tools.js';
import { randomBytes } from './uploading.js';

const MIB = 1024 * 1024;

/** 流式发送 total 字节的一个文件, 内容由 block 反复而成; 返回应答里的 file 消息 */
async function stream(http: string, block: Buffer, total: number): Promise<Message> {
  const marker = Buffer.from('@@@@');
  const frame = multipart([{ data: '大户' }, { fileName: 'big.bin', data: marker }]);
  const cut = frame.indexOf(marker);
  const headers = { ...formHeaders(), 'Content-Length': String(frame.length - marker.length + total) };
  const outgoing = request(`${http}/api/files`, { method: 'POST', headers });
  const answer = new Promise<string>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', async (incoming) => {
      let text = '';
      for await (const bytes of incoming) text += bytes;
      resolve(text);
    });
  });
  outgoing.write(frame.subarray(0, cut));
  for (let sent = 0; sent < total; sent += block.length) {
    const ready = outgoing.write(block.subarray(0, total - sent));
    if (!ready) await new Promise((resolve) => outgoing.once('drain', resolve));
  }
  outgoing.end(frame.subarray(cut + marker.length));
  const { files } = JSON.parse(await answer) as { files: Message[] };
  const [file] = files;
  if (file === undefined) throw new Error('应答里没有文件');
  return file;
}

test('multipart: 300 MB 的上传, 服务器内存的峰值增长不过 64 MiB', {
  skip: process.platform !== 'linux' && '要读 /proc',
}, async (t) => {
  const { http, child } = await spawnServer(t, await temporaryFolder(t));
  const pid = child.pid ?? 0;
  // 预热: 缓冲池, 线程, 代码都已就位, 之后的增长才是上传自己的
  await publishOne(http, 'warm.bin', Buffer.alloc(8 * MIB));
  const block = randomBytes(MIB);
  const before = await processBytes(pid, 'VmRSS');
  // 5 = 把 VmHWM 重置为当前的 VmRSS
  await writeFile(`/proc/${pid}/clear_refs`, '5');
  const file = await stream(http, block, 300 * MIB);
  const peak = await processBytes(pid, 'VmHWM');
  t.diagnostic(`峰值增长 ${((peak - before) / MIB).toFixed(1)} MiB`);
  assert.equal(file['size'], 300 * MIB);
  const expected = createHash('sha256');
  for (let index = 0; index < 300; index += 1) expected.update(block);
  assert.equal(file['sha256'], expected.digest('hex'));
  assert.ok(peak - before < 64 * MIB, `增长了 ${peak - before} 字节`);
});

test('multipart: 20 个并行的上传, 每个的字节与摘要都对, 成员各收到一次', async (t) => {
  const { http, ws } = await serve(t);
  const member = await Client.join(t, ws, '旁观');
  const contents = Array.from({ length: 20 }, (_, index) => randomBytes(index * 150_001 + 1));
  const files = await Promise.all(contents.map((data, index) => publishOne(http, `${index}.bin`, data)));
  for (const [index, file] of files.entries()) {
    const data = contents[index] ?? Buffer.alloc(0);
    assert.equal(file['originalName'], `${index}.bin`);
    assert.equal(file['sha256'], sha256(data));
    const downloaded = Buffer.from(await (await fetch(String(file['url']))).arrayBuffer());
    assert.ok(downloaded.equals(data));
  }
  while (member.of('file').length < 20) await member.next('file');
  await member.settle();
  assert.deepEqual(new Set(member.of('file').map(({ id }) => id)), new Set(files.map(({ id }) => id)));
  assert.equal(member.of('file').length, 20);
});
