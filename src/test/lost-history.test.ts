// 消息历史丢了 (数据库没有了, 是空的, 只剩半个): 不悄悄从头开始; 说清楚怎么办, 人同意了才开始, 坏的留在一旁
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { NO_ACTS } from '../config-acts.js';
import { Client, type Message } from './client.js';
import { examine, linesOf } from './doctor-tools.js';
import { MAIN, serve, storedFiles, temporaryFolder } from './harness.js';
import { publishOne } from './http-tools.js';
import { startLogged } from './logged-start.js';

const DATABASE = 'history/messages.db';
const PAGE = 4096;

/** 停好的一个目录: count 句话, withFile 则再加一个文件 */
async function settled(t: TestContext, count: number, withFile = false): Promise<string> {
  const { ws, http, server, storage } = await serve(t, { chat: { messagesPerSecond: 0 } });
  const client = await Client.join(t, ws, '张三');
  for (let index = 1; index <= count; index += 1)
    client.send({ type: 'text', message: `第 ${index} 句`, clientId: `c${index}` });
  for (let index = 1; index <= count; index += 1) await client.next('ack');
  if (withFile) await publishOne(http, '甲.txt', '你好');
  await server.stop();
  return storage;
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** 真进程; 起不来的自己结束 */
function run(storage: string, ...flags: string[]): Promise<Ended> {
  const env = { ...process.env, SLUICE_HOST: '127.0.0.1', SLUICE_PORT: '0', SLUICE_STORAGE: storage };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...flags], { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, output: stdout + stderr }),
    );
    // 不该起来的起来了: 断言会指出, 不必等到超时
    child.stdout?.on('data', (text: string) => {
      if (text.includes('"event":"listening"')) child.kill('SIGTERM');
    });
  });
}

/** 目录里每个文件的内容, 锁除外: 拒绝启动的什么也没有动 */
function snapshot(storage: string): Map<string, string> {
  const entries = readdirSync(storage, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name));
  return new Map(files.map((file) => [path.relative(storage, file), readFileSync(file, 'base64')]));
}

/** 不启动: 退出码 1, 一行, 符合 reason, 说了三条路; 什么也没有动 */
async function refuses(storage: string, reason: RegExp): Promise<void> {
  const before = snapshot(storage);
  const { code, output } = await run(storage);
  assert.equal(code, 1, output);
  const [line = '', ...others] = output.trim().split('\n');
  assert.deepEqual(others, []);
  const { level, reason: said } = JSON.parse(line) as { level: string; reason: string };
  assert.equal(level, 'fatal');
  assert.match(said, reason);
  for (const way of ['备份恢复 history/', 'npm run doctor', '--accept-lost-history'])
    assert.ok(said.includes(way), said);
  assert.deepEqual(snapshot(storage), before);
}

async function messages(t: TestContext, ws: string): Promise<Message[]> {
  const client = await Client.join(t, ws, `访客${Math.random()}`, { features: [] });
  return (await client.next('history'))['messages'] as Message[];
}

test('历史丢了: 三千句话, 数据库删了或成了零字节, 没有文件, 预写文件是空的也认得出; 不启动, 一行说清', async (t) => {
  const storage = await settled(t, 3000);
  const kept = path.join(await temporaryFolder(t), 'backup');
  cpSync(storage, kept, { recursive: true });
  rmSync(path.join(storage, DATABASE));
  await refuses(storage, /消息历史丢了: .*messages\.db 没有了, .*至少到第 3000 条/);
  writeFileSync(path.join(storage, DATABASE), '');
  await refuses(storage, /消息历史丢了: .*messages\.db 是空的/);
  const found = await examine(storage, { repair: true });
  assert.deepEqual([found.code, linesOf(found)], [1, [`history_lost ${DATABASE}`]]);
  // 连 history/ 都没有了 (没有挂上的盘) 也一样
  rmSync(path.join(storage, 'history'), { recursive: true });
  const { code, output } = await run(storage);
  assert.deepEqual([code, output.includes('消息历史丢了')], [1, true]);
  cpSync(path.join(kept, 'history'), path.join(storage, 'history'), { recursive: true });
  assert.equal((await examine(storage)).code, 0);
  assert.equal((await messages(t, (await serve(t, { storage: { path: storage } })).ws)).length, 50);
});

test('由较旧的备份恢复: 编号换新, 不会有两条消息用同一个 seq 而客户端不知道; 日志说一声', async (t) => {
  const storage = await settled(t, 3);
  const backup = path.join(await temporaryFolder(t), 'messages.db');
  cpSync(path.join(storage, DATABASE), backup);
  const { server, ws } = await serve(t, { storage: { path: storage } });
  const before = await Client.join(t, ws, '张三');
  before.send({ type: 'text', message: '备份之后说的', clientId: 'c4' });
  await before.next('ack');
  await server.stop();
  cpSync(backup, path.join(storage, DATABASE));
  const restored = await startLogged(t, storage);
  assert.equal(restored.warned.filter((text) => text.includes('比上次停下时旧')).length, 1);
  const after = await Client.join(t, `ws://127.0.0.1:${restored.server.port}`, '张三');
  assert.deepEqual([after.welcome['seq'], after.welcome['epoch'] === before.welcome['epoch']], [3, false]);
  await restored.server.stop();
  // 从此就是它: 不再换, 也不再说
  const again = await startLogged(t, storage);
  assert.deepEqual(again.warned, []);
});

test('历史丢了: 没有凭据的旧目录, 预写文件里有消息就认得出', async (t) => {
  const storage = await settled(t, 3, true);
  rmSync(path.join(storage, 'history.json'), { force: true });
  const entry = { kind: 'text', id: 'id-5', seq: 5, time: 1, name: '张三', message: '最后一句' };
  writeFileSync(path.join(storage, 'history', 'journal-1.jsonl'), `${JSON.stringify({ entry })}\n`);
  rmSync(path.join(storage, DATABASE));
  await refuses(storage, /消息历史丢了: .*没有了, 而预写文件里有消息/);
  const { report, code } = await examine(storage);
  assert.deepEqual([code, report.counts.messages], [1, 1]);
  assert.match(report.findings[0]?.detail ?? '', /预写文件里还有 1 条/);
  const { server, warned } = await startLogged(t, storage, { acceptLostHistory: true });
  assert.ok(warned.some((text) => text.includes('照 --accept-lost-history 从头开始')));
  const shown = await messages(t, `ws://127.0.0.1:${server.port}`);
  assert.deepEqual(
    shown.map(({ seq, message, originalName }) => [seq, message ?? originalName]),
    [
      [5, '最后一句'],
      [6, '甲.txt'],
    ],
  );
});

test('只剩半个数据库 (断在页界, 断在页中, 头坏了): 不启动; 同意之后换编号, 文件补播, 坏的留在一旁, 再启动不必再同意', async (t) => {
  const storage = await settled(t, 300, true);
  const { epoch } = JSON.parse(readFileSync(path.join(storage, 'history.json'), 'utf8')) as { epoch: string };
  const file = path.join(storage, DATABASE);
  const whole = readFileSync(file);
  const half = Math.floor(whole.length / PAGE / 2) * PAGE;
  const garbage = Buffer.concat([Buffer.from('这不是数据库, 被别的盖住了'), whole.subarray(100)]);
  for (const bytes of [garbage, whole.subarray(0, half + 777), whole.subarray(0, half)]) {
    writeFileSync(file, bytes);
    await refuses(storage, /messages\.db 已损坏/);
    const found = await examine(storage);
    assert.deepEqual([found.code, linesOf(found)], [1, [`database_damaged ${DATABASE}`]]);
  }
  const accepted = await run(storage, '--accept-lost-history');
  assert.deepEqual(
    [accepted.code, accepted.output.includes('照 --accept-lost-history 从头开始')],
    [0, true],
    accepted.output,
  );
  const [name = ''] = readdirSync(path.join(storage, 'history')).filter((one) =>
    one.endsWith('-messages.db'),
  );
  assert.deepEqual(readFileSync(path.join(storage, 'history', name)), whole.subarray(0, half));
  const { server, warned } = await startLogged(t, storage);
  assert.deepEqual(warned, []);
  const client = await Client.join(t, `ws://127.0.0.1:${server.port}`, '李四', { features: [] });
  assert.notEqual(client.welcome['epoch'], epoch);
  const shown = (await client.next('history'))['messages'] as Message[];
  assert.deepEqual(
    shown.map(({ originalName }) => originalName),
    ['甲.txt'],
  );
});

test('历史完好时给了 --accept-lost-history: 什么也不丢, 提醒去掉它; 写错了有提示, 带值不行', async (t) => {
  const storage = await settled(t, 3);
  const { server, warned } = await startLogged(t, storage, { acceptLostHistory: true });
  assert.equal((await messages(t, `ws://127.0.0.1:${server.port}`)).length, 3);
  assert.equal(warned.filter((text) => text.includes('没有用上')).length, 1);
  await server.stop();
  const misspelt = await run(storage, '--accept-lost-histroy');
  assert.deepEqual([misspelt.code, misspelt.output.includes('是否想写 --accept-lost-history')], [2, true]);
  const valued = await run(storage, '--accept-lost-history=yes');
  assert.deepEqual([valued.code, valued.output.includes('不带值')], [2, true]);
});

test('没有凭据的旧目录照常打开, 一句不少, 从此有了凭据; 不落盘的历史 (memory) 不受影响', async (t) => {
  const storage = await settled(t, 3, true);
  rmSync(path.join(storage, 'history.json'), { force: true });
  const { server, ws } = await serve(t, { storage: { path: storage } });
  assert.equal((await messages(t, ws)).length, 4);
  await server.stop();
  truncateSync(path.join(storage, DATABASE), 0);
  await assert.rejects(startLogged(t, storage, NO_ACTS), /消息历史丢了/);
  const memory = await serve(t, { storage: { path: storage }, history: { store: 'memory' } });
  assert.equal((await messages(t, memory.ws)).length, 0);
  await memory.server.stop();
  assert.ok((await storedFiles(storage)).length > 0);
});
