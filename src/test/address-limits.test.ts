// 按地址的上限, 从各个入口看: 用尽了自己的只害自己, 说得出是哪一项, 归还之后照常
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, type RequestOptions } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { Client } from './client.js';
import { serve, spawnServer, temporaryFolder } from './harness.js';
import { dataFiles, errorCode, eventually, post, publishOne } from './http-tools.js';
import { RawClient, tryUpgrade } from './raw.js';

const MIB = 1024 * 1024;
// 一个装不进内核缓冲的文件
const LARGE = Buffer.alloc(24 * MIB, 1);
const SMALL_FRAME = MIB;

const from = (address: string): Readonly<Record<string, string>> => ({ 'X-Forwarded-For': address });

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly error: Readonly<Record<string, unknown>>;
}

async function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  const request = get(url, { agent: false, ...options });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const part of response) text += part;
  const status = response.statusCode ?? 0;
  const error = status < 400 || text === '' ? {} : (JSON.parse(text) as { error: Answer['error'] }).error;
  return { status, headers: response.headers, error };
}

/** 要了一个大文件而不读; 返回放开它的函数 */
async function deaf(t: TestContext, url: string): Promise<() => void> {
  const request = get(url, { agent: false });
  t.after(() => request.destroy());
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.pause();
  return () => request.destroy();
}

describe('按地址: HTTP', () => {
  it('请求太快: 429, 说出设置与多久之后再来, 随即断开; 别的地址照常', async (t) => {
    const { http } = await serve(t, {
      server: { trustProxy: true, trustedAddresses: [] },
      address: { requestsPerSecond: 1 },
    });
    const url = `${http}/api/limits`;
    const busy = { headers: from('198.51.100.7') };
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(url, busy)));
    assert.ok(answers.filter(({ status }) => status === 200).length >= 5, '桶里是五秒的量');
    const refused = answers.find(({ status }) => status === 429);
    assert.ok(refused !== undefined);
    const { code, setting, limit, retryAfterMs } = refused.error;
    assert.deepEqual([code, setting, limit], ['rate_limited', 'address.requestsPerSecond', 1]);
    assert.ok(Number(retryAfterMs) > 0);
    assert.equal(refused.headers['retry-after'], String(Math.ceil(Number(retryAfterMs) / 1000)));
    assert.equal(refused.headers.connection, 'close');
    assert.equal((await ask(url, { headers: from('198.51.100.8') })).status, 200);
  });

  it('打开一次网页的几个文件, 五秒的量够整个办公室: 各算半个, 页面也只算一次', async (t) => {
    const { http } = await serve(t, {
      server: { trustedAddresses: [] },
      address: { requestsPerSecond: 4 },
    });
    // 桶里 20 个: 十次打开网页, 每次四个文件; 问完之前桶还会补
    const page = await (await fetch(`${http}/`)).text();
    const assets = [...page.matchAll(/(?:src|href)="\/?([^"#:]+)"/g)].map(([, path]) => `${http}/${path}`);
    assert.equal(assets.length, 3, '图标, 样式, 脚本');
    const opened = Array.from({ length: 9 }, () => [`${http}/`, ...assets]).flat();
    const answers = await Promise.all(opened.map((url) => ask(url)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  });

  it('没有应答完的请求占着名额, 停读的也算; 走了就还, 应答完的从不占着', async (t) => {
    const { http } = await serve(t, { server: { trustedAddresses: [] }, address: { requests: 3 } });
    const { url } = await publishOne(http, 'a.bin', LARGE);
    // 每一种应答都归还: 全文, 304, 404, 405, 416, HEAD, 预检
    for (let round = 0; round < 5; round += 1) {
      const { headers } = await ask(`${http}/`);
      await ask(`${http}/`, { headers: { 'If-None-Match': headers.etag ?? '' } });
      await ask(`${http}/nothing`);
      await ask(`${http}/api/limits`, { method: 'DELETE' });
      await ask(`${http}/api/limits`, { method: 'HEAD' });
      await ask(`${http}/api/limits`, { method: 'OPTIONS' });
      await ask(String(url), { headers: { Range: 'bytes=99999999999-' } });
    }
    const releases = [await deaf(t, String(url)), await deaf(t, String(url)), await deaf(t, String(url))];
    const { status, error } = await ask(`${http}/api/limits`);
    assert.deepEqual([status, error['code'], error['setting']], [503, 'server_busy', 'address.requests']);
    releases[0]?.();
    await eventually('走了就还', async () => (await ask(`${http}/api/limits`)).status === 200);
  });

  it('设了 publicUrl: 别的 Host 是 403 (DNS 重绑定), 网页与 WebSocket 都是; 地址, localhost, 名单与探活照常', async (t) => {
    const { http, port } = await serve(t, {
      server: { publicUrl: 'https://chat.example', allowedHosts: ['inner.example'] },
    });
    const statusOf = async (host: string, path = '/api/limits') =>
      (await ask(`${http}${path}`, { headers: { Host: host } })).status;
    for (const host of ['chat.example', 'CHAT.example:443', 'chat.example.', 'inner.example:3000']) {
      assert.equal(await statusOf(host), 200, host);
    }
    for (const host of ['127.0.0.1:3000', '[::1]:3000', '192.168.1.5', 'localhost']) {
      assert.equal(await statusOf(host), 200, host);
    }
    for (const host of ['rebound.example', 'chat.example.evil.example', '1.2.3.4.evil.example', 'evil']) {
      assert.equal(await statusOf(host), 403, host);
      assert.equal(await statusOf(host, '/'), 403, host);
      assert.equal((await tryUpgrade(port, { Host: host })).status, 403, host);
      assert.equal(await statusOf(host, '/healthz'), 200, host);
    }
    assert.equal((await tryUpgrade(port, { Host: 'chat.example' })).status, 101);
  });
});

describe('按地址: WebSocket', () => {
  it('消息的桶活得比连接久: 换了连接与名字也不重来; 别的地址照常', async (t) => {
    const { ws } = await serve(t, {
      server: { trustProxy: true, trustedAddresses: [] },
      address: { messagesPerSecond: 1 },
    });
    let accepted = 0;
    let refusal: Readonly<Record<string, unknown>> = {};
    for (let round = 0; round < 5; round += 1) {
      const options = { headers: from('198.51.100.7') };
      const client = await Client.open(t, ws, options);
      client.send({ type: 'user_update', action: 'join', name: `甲${round}` });
      for (let count = 0; count < 4; count += 1)
        client.send({ type: 'text', message: 'x', clientId: `${count}` });
      client.send({ type: 'history', ref: '末尾' });
      await client.next((m) => m['ref'] === '末尾');
      accepted += client.of('ack').length;
      refusal = client.of('error').at(-1) ?? refusal;
      client.socket.close();
      await client.close();
    }
    assert.ok(accepted <= 10, `收下了 ${accepted} 条`);
    assert.deepEqual(
      [refusal['code'], refusal['setting'], refusal['limit']],
      ['rate_limited', 'address.messagesPerSecond', 1],
    );
    const other = await Client.join(t, ws, '乙', {}, { headers: from('198.51.100.8') });
    other.send({ type: 'text', message: '照常', clientId: '1' });
    await other.next('ack');
  });

  it('文字的字节: 每个人每秒有限, 说出何时再来', async (t) => {
    const { ws } = await serve(t, { chat: { textBytesPerSecond: 1000 } });
    const client = await Client.join(t, ws, '甲');
    for (let count = 0; count < 5; count += 1) client.send({ type: 'text', message: 'x'.repeat(1000) });
    const error = await client.error('rate_limited');
    assert.deepEqual([error['setting'], error['limit']], ['chat.textBytesPerSecond', 1000]);
    assert.ok(Number(error['retryAfterMs']) > 0);
    assert.equal(client.of('text').length, 4);
    const other = await Client.join(t, ws, '乙');
    other.send({ type: 'text', message: 'x'.repeat(1000), clientId: '1' });
    await other.next('ack');
  });

  it('不同的 Host: 一个地址只占得到几个; 全部满了时, 还没有人加入的让位', async (t) => {
    const { port, ws } = await serve(t, {
      server: { trustProxy: true, trustedAddresses: [], maxOrigins: 3 },
      address: { hosts: 2 },
    });
    const knock = (host: string, address: string) => tryUpgrade(port, { Host: host, ...from(address) });
    const stay = (host: string, address: string) =>
      Client.open(t, ws, { headers: { Host: host, ...from(address) } });
    const first = await stay('a.example', '198.51.100.7');
    const second = await stay('b.example', '198.51.100.7');
    const third = await knock('c.example', '198.51.100.7');
    assert.deepEqual([third.status, third.body.error?.code], [503, 'server_busy']);
    assert.equal((await knock('b.example', '198.51.100.7')).status, 101, '已在用的不另算');
    second.send({ type: 'user_update', action: 'join', name: '乙' });
    await second.next('welcome');
    const other = await stay('d.example', '198.51.100.8');
    other.send({ type: 'user_update', action: 'join', name: '丁' });
    await other.next('welcome');
    // 三个都在用, 只有 a.example 的还没有加入
    assert.equal((await knock('e.example', '198.51.100.9')).status, 101);
    assert.equal((await first.close()).code, 4009);
    await second.settle();
  });

  it('自己的 Host 名额用完的人再来, 请不走别人', async (t) => {
    const { port, ws } = await serve(t, {
      server: { trustProxy: true, trustedAddresses: [], maxOrigins: 3 },
      address: { hosts: 2 },
    });
    const open = (host: string, address: string) =>
      Client.open(t, ws, { headers: { Host: host, ...from(address) } });
    const join = async (client: Client, name: string) => {
      client.send({ type: 'user_update', action: 'join', name });
      await client.next('welcome');
    };
    await join(await open('a.example', '198.51.100.7'), '甲');
    await join(await open('b.example', '198.51.100.7'), '乙');
    const newcomer = await open('c.example', '198.51.100.8');
    const { status, body } = await tryUpgrade(port, { Host: 'd.example', ...from('198.51.100.7') });
    assert.deepEqual([status, body.error?.code], [503, 'server_busy']);
    // 还没有加入, 是唯一可以请走的
    await join(newcomer, '丙');
  });

  it('整帧的名额用完之后是小帧, 说了只发小帧的也是; welcome 如实, 超过的以 1009 断开', async (t) => {
    const { ws } = await serve(t, { server: { trustedAddresses: [] }, address: { largeFrames: 2 } });
    const frameBytes = async (name: string, path = '') => {
      const client = await Client.join(t, ws + path, name);
      return { client, bytes: (client.welcome['limits'] as { frameBytes: number }).frameBytes };
    };
    const small = await frameBytes('小', '/?frames=small');
    const big = [await frameBytes('甲'), await frameBytes('乙', '/ws')];
    const later = [await frameBytes('丙'), await frameBytes('丁', '/ws')];
    assert.deepEqual(
      [small, ...big, ...later].map(({ bytes }) => bytes),
      [SMALL_FRAME, 16 * MIB, 16 * MIB, SMALL_FRAME, SMALL_FRAME],
    );
    later[0]?.client.sendRaw(JSON.stringify({ type: 'text', message: 'x' }).padEnd(SMALL_FRAME + 1, ' '));
    const error = await later[0]?.client.error('frame_too_large');
    assert.equal(error?.['limit'], SMALL_FRAME);
    assert.equal((await later[0]?.client.close())?.code, 1009);
    big[0]?.client.socket.close();
    await big[0]?.client.close();
    assert.equal((await frameBytes('戊')).bytes, 16 * MIB, '走了一个, 又有了');
  });
});

describe('按地址: HTTP 上传', () => {
  it('每个文件是一条消息, 与 WebSocket 的共用一个桶; 被拒的说何时再来, 什么也不留', async (t) => {
    const { http, storage } = await serve(t, {
      server: { trustedAddresses: [] },
      address: { messagesPerSecond: 1 },
    });
    const send = (name: string) => post(http, [{ data: '甲' }, { fileName: name, data: 'x' }]);
    let accepted = 0;
    let refused: Response | undefined;
    // 桶里是十秒的量, 一面用一面补
    while (refused === undefined && accepted < 50) {
      const response = await send(`${accepted}.txt`);
      if (response.status === 201) accepted += 1;
      else refused = response;
    }
    assert.ok(accepted >= 10);
    assert.equal(refused?.status, 429);
    assert.ok(Number(refused?.headers.get('retry-after')) >= 1);
    assert.equal(await errorCode(refused as Response), 'rate_limited');
    const stored = await dataFiles(storage);
    assert.equal(stored.filter((file) => file.startsWith('files')).length, accepted);
    assert.deepEqual(
      stored.filter((file) => file.startsWith('partial')),
      [],
    );
  });
});

describe('按地址: 被拒的升级', () => {
  it('也是请求: 太快的得到 429 而断开, 好的升级不占请求的配额', async (t) => {
    const { port } = await serve(t, { server: { trustedAddresses: [] }, address: { requestsPerSecond: 1 } });
    const statuses: number[] = [];
    // 桶一面用一面补: 总有一次赶不上
    while (statuses.length < 50 && !statuses.includes(429)) {
      statuses.push((await tryUpgrade(port, { 'Sec-WebSocket-Version': '12' })).status);
    }
    assert.deepEqual(statuses.slice(0, 5), [426, 426, 426, 426, 426]);
    assert.equal(statuses.at(-1), 429);
    assert.equal((await tryUpgrade(port)).status, 101);
  });
});

describe('连接的计数', () => {
  it('来来去去几百次的 WebSocket 不占着套接字的名额', async (t) => {
    const { port } = await spawnServer(t, await temporaryFolder(t), {}, 256);
    for (let round = 0; round < 400; round += 1) {
      const client = await RawClient.upgrade(t, port);
      client.socket.destroy();
    }
    assert.equal((await tryUpgrade(port)).status, 101);
  });
});
