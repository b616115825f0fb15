// 约 12 秒: 一个从不传的上传, 256 个人等着下载它 (第 13 号的 A5): 别人照样下载, 上传, 跟着上传下载; 等的人自己会散
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { it, type TestContext } from 'node:test';
import { Client } from './client.js';
import { offerOf } from './following.js';
import { spawnServer, temporaryFolder } from './harness.js';
import { eventually } from './http-tools.js';
import { begin, finish, randomBytes } from './uploading.js';

const READERS = 256;
const FEATURES = { features: ['batch', 'offer'] };

/** 从 localAddress 来的一个 GET; 等到应答头 */
async function ask(t: TestContext, url: string, localAddress: string): Promise<IncomingMessage> {
  const request = get(url, { localAddress, agent: false });
  t.after(() => request.destroy());
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

async function sizeOf(response: IncomingMessage): Promise<number> {
  assert.equal(response.statusCode, 200);
  let bytes = 0;
  for await (const part of response) bytes += (part as Buffer).length;
  return bytes;
}

it('边传边下: 256 个人等一个从不传的上传, 别人的下载照常; 10 秒没有第一个字节, 等的人得到 503, 附何时再来', async (t) => {
  const server = await spawnServer(t, await temporaryFolder(t), { SLUICE_TRUSTED_ADDRESSES: '' });
  const attacker = await Client.join(t, server.ws, '甲', FEATURES, { localAddress: '127.0.0.2' });
  const silent = await begin(attacker, { size: 1_000_000 });
  const url = String((await offerOf(attacker, silent))['url']);
  const statuses: (number | undefined)[] = [];
  const retries: number[] = [];
  // 四个地址合起来占满一份文件的位子, 每个地址再多来几个也没有用
  const waiting = Array.from({ length: READERS + 64 }, async (_, index) => {
    const response = await ask(t, url, `127.0.0.${2 + (index % 4)}`);
    statuses.push(response.statusCode);
    assert.ok(Number(response.headers['retry-after']) >= 1);
    retries.push(JSON.parse(await textOf(response)).error.retryAfterMs);
  });
  // 位子都占上了: 多出来的已经被拒
  await eventually('多出来的被拒', async () => statuses.length >= 64);

  const bystander = await Client.join(t, server.ws, '乙', FEATURES, { localAddress: '127.0.0.9' });
  const data = randomBytes(300_000);
  for (let round = 0; round < 3; round += 1) {
    const ready = await begin(bystander, { size: data.length });
    const growing = String((await offerOf(bystander, ready))['url']);
    bystander.sendChunk(String(ready['uploadId']), 0, data.subarray(0, 200_000));
    const following = await ask(t, growing, '127.0.0.10');
    bystander.sendChunk(String(ready['uploadId']), 200_000, data.subarray(200_000));
    const done = await finish(bystander, ready);
    assert.equal(await sizeOf(following), data.length);
    assert.equal(await sizeOf(await ask(t, String(done['url']), '127.0.0.9')), data.length);
  }
  await Promise.all(waiting);
  assert.deepEqual(new Set(statuses), new Set([503]));
  assert.ok(retries.every((retryAfterMs) => retryAfterMs >= 1000));
});
