// 当日份额在每一个入口: 文字, 单帧, 分片 (开始时按声明的占, 取消就还), multipart; 别的地址照常
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';
import { randomBytes } from './uploading.js';

const KIB = 1024;
const STRANGER = '127.0.0.2';

/** 一个地址一天 20 KiB 的文件: 4 个上限 */
async function room(t: TestContext): Promise<{ readonly ws: string; readonly http: string }> {
  return serve(t, {
    server: { trustedAddresses: [] },
    files: { fileBytes: 5 * KIB, frameBytes: 64 * KIB, chunkBytes: KIB },
    storage: { quotaBytes: 200 * KIB },
  });
}

const join = (t: TestContext, ws: string, localAddress = STRANGER): Promise<Client> =>
  Client.join(t, ws, `来自 ${localAddress}`, {}, { localAddress });

const isAnswer = ({ type }: Message): boolean => type === 'error' || type === 'file_ready';

async function start(client: Client, size: number): Promise<Message> {
  client.send({ type: 'file_start', originalName: 'a.bin', size, clientId: 'c' });
  return client.next(isAnswer);
}

function single(size: number, clientId: string): object {
  const filedata = randomBytes(size, size).toString('base64');
  return { type: 'file', originalName: 'a.bin', filedata, clientId };
}

/** 从陌生的地址 POST count 个这么大的文件; 给出状态码 */
function post(http: string, size: number, count = 1): Promise<number> {
  const boundary = 'b';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="name"\r\n\r\n张三`;
  const part = `\r\n--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n`;
  const files = Array.from({ length: count }, () => [Buffer.from(part), randomBytes(size, 9)]).flat();
  const body = Buffer.concat([Buffer.from(head), ...files, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const asked = request(
      `${http}/api/files`,
      { method: 'POST', localAddress: STRANGER, headers },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

test('分片: 开始时按声明的大小占住, 满了就拒绝, 取消就还; 别的地址照常', async (t) => {
  const { ws } = await room(t);
  const client = await join(t, ws);
  const ready = await Promise.all([await start(client, 5 * KIB), await start(client, 5 * KIB)]);
  assert.deepEqual(
    [(await start(client, 5 * KIB)).type, (await start(client, 5 * KIB)).type],
    ['file_ready', 'file_ready'],
  );
  const refused = await start(client, 5 * KIB);
  const { code, setting, limit, retryable, ref } = refused;
  assert.deepEqual(
    { code, setting, limit, retryable, ref },
    { code: 'rate_limited', setting: 'address.dailyPercent', limit: 5, retryable: true, ref: 'c' },
  );
  client.send({ type: 'file_cancel', uploadId: ready[0]?.['uploadId'] });
  await client.next('file_cancelled');
  assert.equal((await start(client, 5 * KIB)).type, 'file_ready');
  assert.equal((await start(await join(t, ws, '127.0.0.3'), 5 * KIB)).type, 'file_ready');
});

test('单帧与 multipart 算在同一份里, 按实收的记; 用完之后 multipart 是 429', async (t) => {
  const { ws, http } = await room(t);
  const client = await join(t, ws);
  client.send(single(4 * KIB, 'e'));
  await client.next('file');
  assert.deepEqual([await post(http, 4 * KIB), await post(http, 4 * KIB)], [201, 201]);
  assert.equal(await post(http, 4 * KIB), 201);
  assert.equal(await post(http, 4 * KIB), 429);
  client.send(single(4 * KIB + 1, 'f'));
  assert.equal((await client.next('error'))['code'], 'rate_limited');
  client.send(single(3 * KIB, 'g'));
  await client.next((m) => m.type === 'ack' && m['clientId'] === 'g');
});

test('multipart: 领不到窗口而被拒的不占着今天的一条', async (t) => {
  const { http } = await serve(t, {
    server: { trustedAddresses: [] },
    files: { chunkBytes: KIB, windowBytes: KIB },
    uploads: { maxActive: 1, windowBudgetBytes: 2 * KIB },
    // 一个地址一天 5 条
    history: { maxMessages: 100 },
  });
  for (let round = 0; round < 6; round += 1) assert.equal(await post(http, 10, 3), 503, `第 ${round} 次`);
  assert.equal(await post(http, 10), 201);
});
