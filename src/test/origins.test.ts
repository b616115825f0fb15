// 来源: 文件链接对每个收件人都可打开; 陌生网页进不来 (协议第 1, 4 节)
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from './client.js';
import { serve } from './harness.js';
import { tryUpgrade } from './raw.js';

const FILE = { type: 'file', originalName: 'a.txt', filedata: 'YQ==' };

describe('来源: 链接', () => {
  it('每个收件人得到自己那个 Host 下的链接, 都打得开', async (t) => {
    const { ws, port } = await serve(t);
    const byAddress = await Client.join(t, ws, '甲');
    const byName = await Client.join(t, `ws://localhost:${port}`, '乙');
    const custom = await Client.join(t, ws, '丙', {}, { headers: { Host: 'Chat.Example:8443' } });
    byAddress.send(FILE);
    const hosts = [`127.0.0.1:${port}`, `localhost:${port}`, 'chat.example:8443'];
    const files = await Promise.all([byAddress, byName, custom].map((client) => client.next('file')));
    assert.deepEqual(
      files.map((file) => new URL(String(file['url'])).host),
      hosts,
    );
    assert.equal(new Set(files.map((file) => file['seq'])).size, 1);
    for (const file of files.slice(0, 2)) {
      assert.equal(await (await fetch(String(file['url']))).text(), 'a');
    }
  });

  it('设了 publicUrl 就都用它', async (t) => {
    const { ws, port } = await serve(t, { server: { publicUrl: 'https://chat.example' } });
    const one = await Client.join(t, ws, '甲');
    const two = await Client.join(t, `ws://localhost:${port}`, '乙');
    one.send(FILE);
    for (const client of [one, two]) {
      assert.match(String((await client.next('file'))['url']), /^https:\/\/chat\.example\/files\//);
    }
  });

  it('X-Forwarded-Proto 只在 trustProxy 时算数', async (t) => {
    for (const trustProxy of [false, true]) {
      const { ws } = await serve(t, { server: { trustProxy } });
      const headers = { 'X-Forwarded-Proto': 'https' };
      const client = await Client.join(t, ws, '甲', {}, { headers });
      client.send(FILE);
      const { protocol } = new URL(String((await client.next('file'))['url']));
      assert.equal(protocol, trustProxy ? 'https:' : 'http:');
    }
  });
});

describe('来源: 准入', () => {
  it('别的网页 403 forbidden_origin, 连 null 与 file 也是', async (t) => {
    const { port } = await serve(t);
    for (const origin of ['http://evil.example', 'null', 'file://', `http://127.0.0.1:${port + 1}`, 'x']) {
      for (const path of ['/', '/ws', '/ws/transfer']) {
        const { status, body } = await tryUpgrade(port, { Origin: origin }, path);
        assert.deepEqual([status, body.error?.code], [403, 'forbidden_origin'], origin);
      }
    }
  });

  it('本站, 名单里的, 没有 Origin 的都放行', async (t) => {
    const allowedOrigins = ['https://other.example'];
    const { port } = await serve(t, { server: { allowedOrigins } });
    assert.equal((await tryUpgrade(port)).status, 101);
    for (const origin of [`http://127.0.0.1:${port}`, 'https://other.example']) {
      assert.equal((await tryUpgrade(port, { Origin: origin })).status, 101, origin);
    }
    // TLS 终止在代理上: 网页是 https 而服务器看到的是 http
    const behindProxy = { Host: 'chat.example', Origin: 'https://chat.example' };
    assert.equal((await tryUpgrade(port, behindProxy)).status, 101);
    assert.equal((await tryUpgrade(port, { Origin: 'http://other.example' })).status, 403);
  });

  it('publicUrl 自己的网页放行', async (t) => {
    const { port } = await serve(t, { server: { publicUrl: 'https://chat.example' } });
    assert.equal((await tryUpgrade(port, { Origin: 'https://chat.example' })).status, 101);
  });

  it('不合法的 Host 被拒: 它会变成链接的一部分', async (t) => {
    const { port } = await serve(t);
    for (const host of ['evil.example/path', 'a b', 'a"b', 'user@host', 'h:123456', '<x>']) {
      const { status, body } = await tryUpgrade(port, { Host: host });
      assert.deepEqual([status, body.error?.code], [400, 'invalid_field'], host);
    }
  });

  it('不同的 Host 至多 maxOrigins 个; 用过的人都走了就让出来', async (t) => {
    const { ws, port } = await serve(t, { server: { maxOrigins: 2 } });
    const witness = await Client.join(t, ws, '甲');
    const second = await Client.join(t, ws, '乙', {}, { headers: { Host: 'b.example' } });
    const { status, body } = await tryUpgrade(port, { Host: 'c.example' });
    assert.deepEqual([status, body.error?.code], [503, 'server_busy']);
    // 已有的 Host 不受影响
    assert.equal((await tryUpgrade(port, { Host: 'b.example' })).status, 101);
    second.socket.close();
    await witness.next((m) => m['action'] === 'leave');
    await untilAccepted(port, 'c.example');
  });
});

// 上一条试探的连接何时真正断开看不到, 所以问到肯为止
async function untilAccepted(port: number, host: string): Promise<void> {
  for (;;) if ((await tryUpgrade(port, { Host: host })).status === 101) return;
}
