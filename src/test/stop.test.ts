// 停机与启动失败: 信号, 退出码, 一行说得清的原因, 日志里没有秘密
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, sendWindowed, sha256 } from './client.js';
import { serve, spawnServer, temporaryFolder } from './harness.js';
import { unreadDownload } from './http-tools.js';
import { RawClient } from './raw.js';
import { randomBytes } from './uploading.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const STOPPING = { code: 1001, reason: 'stopping' };

interface Outcome {
  readonly code: number | null;
  /** stdout 与 stderr 的非空行 */
  readonly lines: string[];
}

/** 起一个应当自己退出的服务器 */
async function runToExit(storage: string, env: Readonly<Record<string, string>>): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], SLUICE_STORAGE: storage, SLUICE_HOST: '127.0.0.1', ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      output += bytes;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: output.split('\n').filter((line) => line !== '') };
}

// 重启要用同一个端口, 因此不能用 0
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

describe('停机', () => {
  it('SIGTERM: 每个客户端得到 1001 stopping, 进程以 0 退出', async (t) => {
    const server = await spawnServer(t, await temporaryFolder(t));
    const joined = await Client.join(t, server.ws, '张三');
    const waiting = await Client.open(t, server.ws);
    const transfer = await Client.open(t, `${server.ws}/ws/transfer?session=${joined.welcome['session']}`);
    const code = await server.signal('SIGTERM');
    for (const client of [joined, waiting, transfer]) assert.deepEqual(await client.close(), STOPPING);
    assert.equal(code, 0);
  });

  it('正忙着上传的客户端也得到 1001; 确认过的字节都在, 重启后同一端口续传到完', async (t) => {
    const storage = await temporaryFolder(t);
    const port = { SLUICE_PORT: String(await freePort()) };
    const first = await spawnServer(t, storage, port);
    const data = randomBytes(3_000_000);
    const client = await Client.join(t, first.ws, '张三');
    const announced = { originalName: '电影.bin', size: data.length, encoding: 'binary' };
    client.send({ type: 'file_start', clientId: 'c1', ...announced });
    const ready = await client.next('file_ready');
    const uploadId = String(ready['uploadId']);
    const acknowledged = await sendWindowed(client, ready, data, { end: 1_000_000 });
    // 信号与这些分片同时在路上
    client.sendChunk(uploadId, acknowledged, data.subarray(acknowledged, acknowledged + 200_000));
    const exited = first.signal('SIGTERM');
    assert.deepEqual(await client.close(), STOPPING);
    assert.equal(await exited, 0);
    const second = await spawnServer(t, storage, port);
    const back = await Client.join(t, second.ws, '张三');
    back.send({ type: 'file_start', clientId: 'c2', uploadId, resumeToken: ready['resumeToken'] });
    const resumed = await back.next('file_ready');
    assert.ok(Number(resumed['offset']) >= acknowledged);
    await sendWindowed(back, resumed, data);
    back.send({ type: 'file_end', uploadId, sha256: sha256(data) });
    assert.equal((await back.next('file_done'))['size'], data.length);
  });

  it('停机期间: healthz 与新的升级得到 503, 新的连接被拒', async (t) => {
    const { server, http, port, ws } = await serve(t, { server: { stopGraceMs: 60_000 } });
    const client = await Client.join(t, ws, '张三');
    const release = await unreadDownload(t, { http, port });
    const health = await RawClient.open(t, port);
    const upgrade = await RawClient.open(t, port);
    const head = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
    // 先各问一次: 证明连接已被接受
    for (const raw of [health, upgrade]) {
      raw.write(`${head('/healthz')}\r\n`);
      await raw.until(() => raw.received.includes('ok'));
    }
    const stopped = server.stop();
    health.write(`${head('/healthz')}\r\n`);
    const key = randomBytes(16).toString('base64');
    upgrade.write(
      `${head('/ws')}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    await health.until(() => health.received.includes('"stopping"'));
    assert.match(health.received.toString(), /HTTP\/1\.1 503/);
    await upgrade.until(() => upgrade.received.includes('server_stopping'));
    assert.match(upgrade.received.toString(), /HTTP\/1\.1 503/);
    await assert.rejects(RawClient.open(t, port));
    assert.deepEqual(await client.close(), STOPPING);
    release();
    await stopped;
    // 可重复调用
    await server.stop();
  });

  it('第二个信号立即结束', async (t) => {
    const server = await spawnServer(t, await temporaryFolder(t));
    server.child.kill('SIGTERM');
    assert.equal(await server.signal('SIGINT'), 1);
  });

  it('trace 级别的日志里也没有令牌与文件内容', async (t) => {
    const server = await spawnServer(t, await temporaryFolder(t), { SLUICE_LOG_LEVEL: 'trace' });
    const content = '绝密内容'.repeat(50);
    const filedata = Buffer.from(content).toString('base64');
    const client = await Client.join(t, server.ws, '张三');
    const session = String(client.welcome['session']);
    const transfer = await Client.open(t, `${server.ws}/ws/transfer?session=${session}`);
    client.send({ type: 'file', originalName: 'a.txt', filedata });
    await client.next('file');
    client.sendRaw(`{"type":"file","session":"${session}","filedata":"${filedata}"`);
    await client.error('bad_json');
    transfer.send({ type: 'file_start', originalName: 'b.txt' });
    const ready = await transfer.next('file_ready');
    transfer.sendBase64Chunk(String(ready['uploadId']), 0, Buffer.from(content));
    await transfer.next('file_ack');
    const headers = { Authorization: `Bearer ${session}` };
    await fetch(`${server.http}/api/files`, { method: 'POST', headers, body: filedata });
    assert.equal(await server.signal('SIGTERM'), 0);
    const log = server.lines.join('\n');
    for (const secret of [session, String(ready['resumeToken']), '绝密内容', filedata.slice(0, 40)]) {
      assert.equal(log.includes(secret), false, secret);
    }
  });
});

describe('启动失败', () => {
  it('端口被占用 (哪怕被另一个水闸): 一行说清, 以 1 退出, 先来的不受影响', async (t) => {
    const first = await spawnServer(t, await temporaryFolder(t));
    const env = { SLUICE_PORT: String(first.port) };
    const storage = await temporaryFolder(t);
    const { code, lines } = await runToExit(storage, env);
    assert.equal(code, 1);
    assert.equal(lines.length, 1);
    assert.match(String(lines[0]), new RegExp(`无法监听 127\\.0\\.0\\.1:${first.port}: 端口已被占用`));
    // 还没有碰存储
    assert.deepEqual(await readdir(storage), []);
    assert.equal(lines.join('').includes('    at '), false);
    await Client.join(t, first.ws, '张三');
  });

  it('配置不对: 一行说清, 以 2 退出', async (t) => {
    const { code, lines } = await runToExit(await temporaryFolder(t), { SLUICE_PORT: 'abc' });
    assert.equal(code, 2);
    assert.equal(lines.length, 1);
    assert.match(String(lines[0]), /server\.port.*SLUICE_PORT.*abc/);
  });

  it('存储目录用不了: 以 1 退出, 没有堆栈', async (t) => {
    const folder = await temporaryFolder(t);
    const file = path.join(folder, '不是目录');
    await writeFile(file, '');
    const { code, lines } = await runToExit(file, { SLUICE_PORT: '0' });
    assert.equal(code, 1);
    assert.equal(lines.length, 1);
    assert.equal(lines.join('').includes('    at '), false);
  });
});
