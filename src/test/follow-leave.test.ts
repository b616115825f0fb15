// 边传边下: 读者占一个下载名额; 等待中离开的立即归还
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sendWindowed } from './client.js';
import { joinOffering, offerOf, Reader } from './following.js';
import { spawnServer, temporaryFolder } from './harness.js';
import { eventually, openFilesUnder, RawSocket } from './http-tools.js';
import { begin, finish, randomBytes } from './uploading.js';

// 正在进行的上传打开着部分文件: 写的一个, 校验的一个
const UPLOAD_FILES = 2;

it('边传边下: 等待中离开的读者立即归还位子与句柄; 位子满了得到 503', async (t) => {
  const storage = await temporaryFolder(t);
  const server = await spawnServer(t, storage, { SLUICE_DOWNLOADS_MAX_FOLLOWERS: '1' });
  const client = await joinOffering(t, server.ws, '张三');
  const data = randomBytes(40_000);
  const ready = await begin(client, { size: data.length });
  const url = String((await offerOf(client, ready))['url']);

  // 还没有一个字节: 在等应答头
  const early = await RawSocket.open(t, server.port);
  early.write(`GET ${new URL(url).pathname} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await eventually('位子被占', async () => (await fetch(url)).status === 503);
  early.socket.destroy();
  await sendWindowed(client, ready, data, { end: 30_000 });

  // 在等后面的字节
  const openFiles = (): Promise<number> => openFilesUnder(server.child.pid ?? 0, storage);
  // 校验线程让着别人, 机器忙时打开得晚: 先等它
  await eventually('只有上传自己的句柄', async () => (await openFiles()) === UPLOAD_FILES);
  const waiting = await eventuallyOpen(t, url);
  await waiting.atLeast(30_000);
  assert.equal((await fetch(url)).status, 503);
  assert.equal(await openFiles(), UPLOAD_FILES + 1);
  waiting.leave();
  const next = await eventuallyOpen(t, url);
  await sendWindowed(client, { ...ready, offset: 30_000 }, data);
  await finish(client, ready);
  assert.ok((await next.end()).whole);
  await eventually('句柄都关了', async () => (await openFiles()) === 0);
});

// 服务器看到对方离开要一点时间: 那之前是 503
async function eventuallyOpen(t: Parameters<typeof Reader.open>[0], url: string): Promise<Reader> {
  for (;;) {
    const reader = await Reader.open(t, url);
    if (reader.response.statusCode === 200) return reader;
    await reader.end();
  }
}
