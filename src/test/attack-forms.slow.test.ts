// 约 15 秒: 陌生的地址占着 HTTP 上传的名额与丢弃请求体的名额 (第 13 号的 A7 的同类): 别人照样上传, 照样读得到拒绝的原因
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { spawnServer, temporaryFolder } from './harness.js';
import { formHeaders, multipart } from './http-tools.js';

const STRANGERS = { SLUICE_TRUSTED_ADDRESSES: '', SLUICE_MESSAGES_PER_SECOND: '0' };
const BYSTANDER = '127.0.0.9';
const FORM = Object.entries(formHeaders())
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const MIB = 1024 * 1024;

interface Idle {
  readonly socket: Socket;
  /** 应答的状态码; 没有应答就断开的是 0 */
  readonly status: Promise<number>;
}

/** 发出头就不再动的 POST */
async function idlePost(t: TestContext, port: number, localAddress: string, headers: string): Promise<Idle> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  const status = new Promise<number>((resolve) => {
    socket.once('data', (bytes) => resolve(Number(bytes.toString('latin1').slice(9, 12))));
    socket.once('close', () => resolve(0));
  });
  socket.write(
    `POST /api/files HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}Content-Length: ${64 * MIB}\r\n\r\n`,
  );
  return { socket, status };
}

/** 旁人上传一个文件; 给出状态码 */
async function publish(http: string): Promise<number | undefined> {
  const body = multipart([{ data: '乙' }, { fileName: 'a.txt', data: '你好' }]);
  const headers = { ...formHeaders(), 'Content-Length': body.length };
  const asked = request(`${http}/api/files`, {
    method: 'POST',
    headers,
    localAddress: BYSTANDER,
    agent: false,
  });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

it('HTTP 上传: 四个地址开满 256 个从不发的请求, 一个地址开不到 64 个以上; 10 秒没有字节的让给别人', async (t) => {
  const { http, port } = await spawnServer(t, await temporaryFolder(t), STRANGERS);
  const idle = await Promise.all(
    Array.from({ length: 256 }, (_, index) => idlePost(t, port, `127.0.0.${2 + (index % 4)}`, FORM)),
  );
  const extra = await idlePost(t, port, '127.0.0.2', FORM);
  assert.equal(await extra.status, 503);
  // 还没有停够 10 秒: 让不了
  const first = Promise.race(idle.map(({ status }) => status));
  let status = await publish(http);
  // 20 秒: 多给一倍
  for (let tries = 0; status === 503 && tries < 80; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    status = await publish(http);
  }
  assert.equal(status, 201);
  assert.equal(await first, 408);
});

it('拒绝的请求体: 一个地址占不满丢弃的名额, 别人先写完再读也读得到原因', async (t) => {
  const { port } = await spawnServer(t, await temporaryFolder(t), STRANGERS);
  const wrong = 'Content-Type: text/plain\r\n';
  const refused = await Promise.all(Array.from({ length: 80 }, () => idlePost(t, port, '127.0.0.2', wrong)));
  assert.deepEqual(new Set(await Promise.all(refused.map(({ status }) => status))), new Set([400]));
  const mine = await idlePost(t, port, BYSTANDER, wrong);
  const body = Buffer.alloc(30 * MIB);
  // 没有人读的话, 写不完就断开了
  await new Promise<void>((resolve, reject) => {
    mine.socket.write(body, (error) => (error == null ? resolve() : reject(error)));
  });
  assert.equal(await mine.status, 400);
});
