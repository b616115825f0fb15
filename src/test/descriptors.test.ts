// 描述符不够: 起得来的少给一些名额, 满了就是 503, 从不空转; 起不来的一行说清楚
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.js';
import { atEnd, MAIN, type RunningProcess, spawnServer, temporaryFolder } from './harness.js';
import { publishOne, RawSocket } from './http-tools.js';

const POSIX = { skip: process.platform === 'win32' && '没有 ulimit' };

/** 一次 GET 的结局: 状态码连同错误码, 或连接的错误; 读得慢, 句柄占得久 */
function outcome(url: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, async (response) => {
      const body = await text(response).catch(() => '');
      const code = /^\{"error":\{"code":"(\w+)"/.exec(body)?.[1] ?? '';
      resolve(`${response.statusCode} ${code}`.trim());
    });
    request.on('error', ({ message }) => resolve(message));
  });
}

/** 进程用掉的 CPU, 毫秒 (Linux: /proc 的一格是 10 毫秒) */
async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function crowd(t: TestContext, { port }: RunningProcess, count: number): Promise<RawSocket[]> {
  const sockets = Array.from({ length: count }, () => RawSocket.open(t, port));
  return Promise.all(sockets);
}

describe('描述符', POSIX, () => {
  it('256 个, 同时 500 个下载: 有人下完, 其余都是 503 server_busy, 没有 internal', async (t) => {
    const server = await spawnServer(t, await temporaryFolder(t), {}, 256);
    const { url } = await publishOne(server.http, 'a.bin', Buffer.alloc(4 * 1024 * 1024));
    const outcomes = new Map<string, number>();
    for (const each of await Promise.all(Array.from({ length: 500 }, () => outcome(String(url))))) {
      outcomes.set(each, (outcomes.get(each) ?? 0) + 1);
    }
    assert.deepEqual([...outcomes.keys()].sort(), ['200', '503 server_busy']);
    const errors = server.lines.filter((line) => line.includes('"level":"error"'));
    assert.deepEqual(errors, []);
    assert.equal(await outcome(String(url)), '200', '散去之后照常');
  });

  it('256 个, 连接占满了也不空转, 聊天照常, 走了一个就进得来一个', {
    skip: process.platform !== 'linux' && '要读 /proc',
  }, async (t) => {
    const server = await spawnServer(t, await temporaryFolder(t), {}, 256);
    const member = await Client.join(t, server.ws, '张三');
    // 占着不说话的 WebSocket: 占到设置减少之后的名额为止
    const others = await Promise.allSettled(Array.from({ length: 90 }, () => Client.open(t, server.ws)));
    assert.ok(others.some(({ status }) => status === 'rejected'));
    const idle = await crowd(t, server, 200);
    const before = await cpuMs(server.child.pid ?? 0);
    await sleep(1000);
    const spent = (await cpuMs(server.child.pid ?? 0)) - before;
    // 空转是一整核, 1000 毫秒
    assert.ok(spent < 500, `一秒里用了 ${spent} 毫秒的 CPU`);
    member.send({ type: 'text', message: '还在', clientId: 'm-1' });
    await member.next('ack');
    for (const { socket } of idle) socket.destroy();
    assert.equal(await outcome(`${server.http}/healthz`), '200');
  });

  it('上限低于设置里的名额: 启动时一行警告, 说要加大到多少', async (t) => {
    const server = await spawnServer(
      t,
      await temporaryFolder(t),
      { SLUICE_SERVER_MAX_CONNECTIONS: '20000' },
      1024,
    );
    const warnings = server.lines.filter((line) => line.includes('"event":"few_descriptors"'));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /"limit":1024,"wanted":22128.*server\.maxConnections/);
    const small = {
      SLUICE_SERVER_MAX_CONNECTIONS: '100',
      SLUICE_UPLOADS_MAX_ACTIVE: '8',
      SLUICE_DOWNLOADS_MAX_ACTIVE: '8',
    };
    const fitting = await spawnServer(t, await temporaryFolder(t), small, 1024);
    assert.ok(!fitting.lines.some((line) => line.includes('few_descriptors')));
  });

  it('64 个: 一行说要加大什么, 没有堆栈, 退出码 1', async (t) => {
    const storage = path.join(await temporaryFolder(t), 'storage');
    const child = spawn('sh', ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, MAIN], {
      env: { ...process.env, SLUICE_PORT: '0', SLUICE_STORAGE: storage },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    atEnd(t, () => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    assert.equal(code, 1);
    assert.match(errors, /^描述符上限 \(ulimit -n\) 只有 64, 至少要 \d+: 请加大它.*\n$/);
    assert.equal(output, '');
  });
});
