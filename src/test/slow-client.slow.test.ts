// 慢的与停一会儿的客户端: 隧道, 电梯, 暂停了的浏览器。各项同时进行, 都停得比 uWS 的 12 秒久; 约 20 秒
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Exchange } from '../transport/http.js';
import { loadNative } from '../transport/native.js';
import { Patrol } from '../transport/patrol.js';
import { Client, type Message, sendWindowed } from './client.js';
import { atEnd, type Running, serve } from './harness.js';
import { formHeaders, multipart, publishOne, RawSocket } from './http-tools.js';
import { certificate } from './tls-tools.js';
import { begin, finish, randomBytes } from './uploading.js';

const MIB = 1024 * 1024;
// 远大于环回上两端的套接字缓冲
const DATA = randomBytes(30 * MIB);
// uWS 的 10 秒在 8 到 12 秒之间到期
const PAUSE_MS = 14_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** 读一点, 停 PAUSE_MS, 再读到底; 返回应答体 */
async function stallingGet(socket: Socket, path: string, ...lines: string[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.write(`${[`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`);
  await new Promise((resolve) => socket.once('readable', resolve));
  await pause(PAUSE_MS);
  let missing = Number.POSITIVE_INFINITY;
  socket.on('data', (bytes: Buffer) => {
    chunks.push(bytes);
    if (missing === Number.POSITIVE_INFINITY) {
      const head = bytes.toString('latin1');
      missing = Number(/content-length: (\d+)/i.exec(head)?.[1]) + head.indexOf('\r\n\r\n') + 4;
    }
    missing -= bytes.length;
    if (missing <= 0) socket.destroy();
  });
  await closed;
  const answer = Buffer.concat(chunks);
  return answer.subarray(answer.indexOf('\r\n\r\n') + 4);
}

const open = ({ port }: Running): Socket => connect({ port, host: '127.0.0.1' });
const pathOf = (url: unknown): string => new URL(String(url)).pathname;

/** 只有一个地址的真 uWS: 网页, 缩略图与 JSON 的应答都走 Exchange.answer, 而它们自己没有这么大 */
async function answering(t: TestContext, body: Uint8Array): Promise<number> {
  const native = await loadNative();
  const patrol = new Patrol({ now: () => performance.now(), stallTimeoutMs: 60_000 });
  const app = native.App().get('/', (res) => new Exchange(res, patrol).answer(200, {}, body));
  atEnd(t, () => app.close());
  return new Promise((resolve) => {
    app.listen('127.0.0.1', 0, (socket) => resolve(socket ? native.us_socket_local_port(socket) : 0));
  });
}

/** 分片上传 DATA; 返回 file 消息 */
async function upload(client: Client): Promise<Message> {
  const ready = await begin(client, { size: DATA.length });
  await sendWindowed(client, ready, DATA);
  return finish(client, ready);
}

const uploadHead = (length: number): string =>
  [
    'POST /api/files HTTP/1.1',
    'Host: a',
    `Content-Length: ${length}`,
    `Content-Type: ${formHeaders()['Content-Type']}`,
    '\r\n',
  ].join('\r\n');

describe('慢的客户端', { concurrency: true }, () => {
  it('下载停读 14 秒之后接着读, 逐字节相同', async (t) => {
    const server = await serve(t);
    const { url } = await publishOne(server.http, 'a.bin', DATA);
    assert.ok((await stallingGet(open(server), pathOf(url))).equals(DATA));
  });

  it('Range 的下载也是', async (t) => {
    const server = await serve(t);
    const { url } = await publishOne(server.http, 'a.bin', DATA);
    const part = await stallingGet(open(server), pathOf(url), 'Range: bytes=1000-');
    assert.ok(part.equals(DATA.subarray(1000)));
  });

  it('TLS 上的下载也是', async (t) => {
    const { cert, ...tls } = await certificate(t);
    const { port, ws } = await serve(t, { server: { tls } });
    const client = await Client.join(
      t,
      ws.replace('ws:', 'wss:').replace('127.0.0.1', 'localhost'),
      '张三',
      {},
      { ca: cert },
    );
    const { url } = await upload(client);
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: cert });
    assert.ok((await stallingGet(socket, pathOf(url))).equals(DATA));
  });

  it('跟着上传走的下载也是', async (t) => {
    const server = await serve(t);
    const client = await Client.join(t, server.ws, '张三', { features: ['offer'] });
    const sending = upload(client);
    const { url } = await client.next('file_offer');
    assert.ok((await stallingGet(open(server), pathOf(url))).equals(DATA));
    await sending;
  });

  it('网页, 缩略图与 JSON 的应答也是', async (t) => {
    const port = await answering(t, DATA);
    assert.ok((await stallingGet(connect({ port, host: '127.0.0.1' }), '/')).equals(DATA));
  });

  it('上传中停 14 秒: 201', async (t) => {
    const { port } = await serve(t);
    const body = multipart([{ data: '张三' }, { fileName: 'a.bin', data: DATA.subarray(0, 16_000) }]);
    const raw = await RawSocket.open(t, port);
    raw.write(uploadHead(body.length)).write(body.subarray(0, 8000));
    await pause(PAUSE_MS);
    raw.write(body.subarray(8000));
    assert.match(await raw.answer(), /^HTTP\/1\.1 201 /);
  });

  it('每秒 8 KB 的上传: 201', async (t) => {
    const { port } = await serve(t);
    const body = multipart([{ data: '张三' }, { fileName: 'a.bin', data: DATA.subarray(0, 120_000) }]);
    const raw = await RawSocket.open(t, port);
    raw.write(uploadHead(body.length));
    for (let sent = 0; sent < body.length; sent += 8000) {
      raw.write(body.subarray(sent, sent + 8000));
      await pause(1000);
    }
    assert.match(await raw.answer(), /^HTTP\/1\.1 201 /);
  });

  it('搜索的条件写到一半停 14 秒: 200', async (t) => {
    const { port } = await serve(t);
    const raw = await RawSocket.open(t, port);
    const body = '{"query":"a"}';
    raw.write(
      `POST /api/search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n{`,
    );
    await pause(PAUSE_MS);
    raw.write(body.slice(1));
    assert.match(await raw.answer(), /^HTTP\/1\.1 200 /);
  });
});
