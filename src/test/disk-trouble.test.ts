// 磁盘一时的困难 (只读, 读写出错, 句柄用完): 文字与文件都得到可以重试的错误, 日志只有一行, 过去之后照常, 也说一行
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { type RunningProcess, spawnServer, temporaryFolder } from './harness.js';
import { eventually, publish } from './http-tools.js';
import { coverReadOnly } from './small-disk.js';
import { assertPublished, begin, fileFrame, finish, randomBytes, resume, share } from './uploading.js';

const COUNT = 20;
const DATA = randomBytes(300_000);

interface Started {
  readonly server: RunningProcess;
  readonly client: Client;
}

async function started(t: TestContext): Promise<Started> {
  const storage = await temporaryFolder(t);
  const server = await spawnServer(t, storage, { SLUICE_MESSAGES_PER_SECOND: '0' });
  return { server, client: await Client.join(t, server.ws, '张三') };
}

/** 存储与消息日志记下的; 启动时关于设置的提醒不算 */
function linesAt({ lines }: RunningProcess, ...levels: string[]): string[] {
  return lines.filter((line) => {
    const { level, part } = JSON.parse(line) as { level: string; part?: string };
    return part !== undefined && levels.includes(level);
  });
}

/** 二十句都被拒绝: 码, 可以重试, ref 都对; 日志合起来一行 */
async function refusesTexts({ server, client }: Started, code: string): Promise<void> {
  for (let index = 0; index < COUNT; index += 1) {
    client.send({ type: 'text', message: `第 ${index} 句`, clientId: `c${index}` });
    const error = await client.next((m) => m.type === 'error' || m.type === 'ack');
    assert.deepEqual([error['code'], error['retryable'], error['ref']], [code, true, `c${index}`]);
  }
  assert.equal(linesAt(server, 'warn', 'error').length, 1, server.lines.join('\n'));
}

/** 同样的二十句再发一遍: 都收下, 序号接得上; 过去了的一行 */
async function takesTexts({ server, client }: Started): Promise<void> {
  for (let index = 0; index < COUNT; index += 1) {
    client.send({ type: 'text', message: `第 ${index} 句`, clientId: `c${index}` });
    assert.equal((await client.next('ack'))['seq'], index + 1);
  }
  assert.equal(client.of('text').length, COUNT);
  await eventually('说一行过去了', async () =>
    server.lines.some((line) => line.includes('又收得下新消息了')),
  );
  assert.equal(linesAt(server, 'warn', 'error').length, 1);
}

test('文字: 消息日志所在只读 (EROFS), 得到可重试的 server_busy, 日志一行; 改回之后原样再发都收下', async (t) => {
  const one = await started(t);
  const uncover = coverReadOnly(t, path.join(one.server.storage, 'history'));
  if (uncover === undefined) return;
  await refusesTexts(one, 'server_busy');
  uncover();
  await takesTexts(one);
});

test('文字: 预写文件写出错 (EIO), 得到可重试的 server_busy, 日志一行; 好了之后另开一个文件, 都收下', async (t) => {
  if (process.platform !== 'linux') return t.skip('借用 Linux 的 /proc/self/mem: 写开头总是 EIO');
  const one = await started(t);
  const journal = path.join(one.server.storage, 'history', 'journal-1.jsonl');
  symlinkSync('/proc/self/mem', journal);
  await refusesTexts(one, 'server_busy');
  rmSync(journal);
  await takesTexts(one);
});

test('文字与文件: 句柄用完 (EMFILE), 都是可重试的 server_busy; 加大之后照常', async (t) => {
  const one = await started(t);
  const { server, client } = one;
  const limit = (count: string): void =>
    void execFileSync('prlimit', ['--pid', String(server.child.pid), `--nofile=${count}`]);
  try {
    limit('4:4096');
  } catch {
    return t.skip('没有 prlimit');
  }
  await refusesTexts(one, 'server_busy');
  client.send({ type: 'file_start', clientId: 'x', originalName: 'a.bin', size: 1 });
  assert.deepEqual(pick(await client.next('error')), ['server_busy', true, 'x']);
  client.send({ ...JSON.parse(fileFrame('a.bin', DATA)), clientId: 'y' });
  assert.deepEqual(pick(await client.next('error')), ['server_busy', true, 'y']);
  limit('4096:4096');
  for (let index = 0; index < COUNT; index += 1) {
    client.send({ type: 'text', message: '再来', clientId: `c${index}` });
    await client.next('ack');
  }
  await assertPublished(await share(client, fileFrame('a.bin', DATA)), DATA);
});

test('文件: 存储只读 (EROFS), 三个入口都是可重试的 server_busy, 日志一行; 收完的留着, 改回之后续传即发布', async (t) => {
  const { server, client } = await started(t);
  const ready = await begin(client, { size: DATA.length });
  await sendWindowed(client, ready, DATA);
  const folders = ['meta', 'partial'].map((name) => path.join(server.storage, name));
  const uncovers = folders.map((folder) => coverReadOnly(t, folder));
  if (uncovers.includes(undefined)) return;
  client.send({ type: 'file_end', uploadId: ready['uploadId'] });
  assert.deepEqual(pick(await client.next('error')), ['server_busy', true, ready['uploadId']]);
  for (const clientId of ['x', 'y', 'z']) {
    client.send({ type: 'file_start', clientId, originalName: 'a.bin', size: 1 });
    assert.deepEqual(pick(await client.next('error')), ['server_busy', true, clientId]);
    client.send({ ...JSON.parse(fileFrame('a.bin', DATA)), clientId });
    assert.deepEqual(pick(await client.next('error')), ['server_busy', true, clientId]);
    const response = await publish(server.http, [{ fileName: 'a.bin', data: DATA }]).catch((error) => error);
    assert.match(String(response), /503[\s\S]*server_busy|server_busy[\s\S]*503/);
  }
  assert.equal(linesAt(server, 'warn', 'error').length, 1, server.lines.join('\n'));
  for (const uncover of uncovers) uncover?.();
  await assertPublished(await finish(client, await resume(client, ready)), DATA);
  await assertPublished(await share(client, fileFrame('b.bin', DATA)), DATA);
});

test('分片: 写到一半读写出错 (EIO), 得到可重试的 server_busy, 上传停放起来; 好了之后续传即发布', async (t) => {
  if (process.platform !== 'linux') return t.skip('借用 Linux 的 /proc/self/mem: 写开头总是 EIO');
  const { server: first, client } = await started(t);
  const ready = await begin(client, { size: DATA.length });
  assert.equal(await first.signal('SIGTERM'), 0);
  const part = path.join(first.storage, 'partial', `${String(ready['uploadId'])}.part`);
  rmSync(part);
  symlinkSync('/proc/self/mem', part);
  const server = await spawnServer(t, first.storage);
  const again = await Client.join(t, server.ws, '张三');
  await resume(again, ready);
  again.sendChunk(String(ready['uploadId']), 0, DATA.subarray(0, 100_000));
  assert.deepEqual(pick(await again.next('error')), ['server_busy', true, ready['uploadId']]);
  assert.equal(linesAt(server, 'warn', 'error').length, 1, server.lines.join('\n'));
  rmSync(part);
  writeFileSync(part, '');
  const resumed = await resume(again, ready);
  await sendWindowed(again, resumed, DATA);
  await assertPublished(await finish(again, resumed), DATA);
});

function pick(error: Message): unknown[] {
  return [error['code'], error['retryable'], error['ref']];
}
