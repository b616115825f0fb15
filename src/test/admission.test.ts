// 准入的上限: 每个地址, 总数, 加入期限
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from './client.js';
import { serve } from './harness.js';
import { RawClient, tryUpgrade } from './raw.js';

describe('准入', () => {
  it('一个地址的连接到了上限就 503 server_busy; 走一个进一个', async (t) => {
    const { ws, port } = await serve(t, { server: { trustedAddresses: [], connectionsPerAddress: 2 } });
    const first = await Client.open(t, ws);
    const second = await Client.join(t, ws, '乙');
    const { status, body } = await tryUpgrade(port);
    assert.deepEqual([status, body.error?.code], [503, 'server_busy']);
    first.socket.close();
    // 关闭的应答回来时, 服务器已经放出名额
    await first.close();
    assert.equal((await tryUpgrade(port)).status, 101);
    await second.settle();
  });

  it('信任代理时按 X-Forwarded-For 的最后一跳分别计数, 不信任时不看它', async (t) => {
    const trusted = await serve(t, {
      server: { trustedAddresses: [], connectionsPerAddress: 1, trustProxy: true },
    });
    await Client.open(t, trusted.ws, { headers: { 'X-Forwarded-For': '1.1.1.1, 2.2.2.2' } });
    assert.equal((await tryUpgrade(trusted.port, { 'X-Forwarded-For': '9.9.9.9, 2.2.2.2' })).status, 503);
    assert.equal((await tryUpgrade(trusted.port, { 'X-Forwarded-For': '2.2.2.2, 3.3.3.3' })).status, 101);
    const plain = await serve(t, { server: { trustedAddresses: [], connectionsPerAddress: 1 } });
    await Client.open(t, plain.ws, { headers: { 'X-Forwarded-For': '1.1.1.1' } });
    assert.equal((await tryUpgrade(plain.port, { 'X-Forwarded-For': '3.3.3.3' })).status, 503);
  });

  it('IPv6 按 /64 计: 一个网段里换地址不能绕过', async (t) => {
    const { ws, port } = await serve(t, {
      server: { trustedAddresses: [], connectionsPerAddress: 1, trustProxy: true },
    });
    const from = (address: string) => ({ 'X-Forwarded-For': address });
    await Client.open(t, ws, { headers: from('2001:db8:1:2::1') });
    assert.equal((await tryUpgrade(port, from('2001:db8:1:2:ffff::9'))).status, 503);
    assert.equal((await tryUpgrade(port, from('2001:0db8:0001:0002:0:0:0:7'))).status, 503);
    assert.equal((await tryUpgrade(port, from('2001:db8:1:3::1'))).status, 101);
    // 映射的 IPv4 是另一个人, 不能都算进 ::/64
    await Client.open(t, ws, { headers: from('::ffff:10.0.0.1') });
    assert.equal((await tryUpgrade(port, from('::ffff:10.0.0.2'))).status, 101);
    assert.equal((await tryUpgrade(port, from('10.0.0.1'))).status, 503);
  });

  it('全部连接到了 maxConnections 就 503', async (t) => {
    const { ws, port } = await serve(t, { server: { maxConnections: 2 } });
    await Client.open(t, ws);
    await Client.join(t, ws, '乙');
    const refused = await tryUpgrade(port);
    assert.equal(refused.status, 503);
    const { setting, limit, retryAfterMs } = refused.body.error as Record<string, unknown>;
    assert.deepEqual([setting, limit], ['server.maxConnections', 2]);
    assert.ok(Number(retryAfterMs) > 0, '说出多久之后再来');
  });

  it('到期还没加入的以 4001 断开, 半截的帧拖不住它; 加入了的不受影响', async (t) => {
    const { ws, port } = await serve(t, { server: { joinTimeoutMs: 1000 } });
    const joined = await Client.join(t, ws, '甲');
    const idle = await Client.open(t, ws);
    const stalled = await RawClient.upgrade(t, port);
    // 声明 10 字节, 只发 1 字节
    stalled.write(Buffer.from([0x81, 0x8a, 0, 0, 0, 0, 0x7b]));
    assert.deepEqual(await idle.close(), { code: 4001, reason: 'unauthorized' });
    await stalled.close();
    await joined.settle();
    // 离开之后重新计时
    joined.send({ type: 'user_update', action: 'leave', name: '甲' });
    assert.equal((await joined.close()).code, 4001);
  });
});
