// 体检的另一半: 消息数据库, 搜索索引, 预写文件; 坏了说得出, 能补的补
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'libsql';
import { Client } from './client.js';
import { examine, linesOf, realStorage } from './doctor-tools.js';
import { serve } from './harness.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/doctor.mjs', import.meta.url));
const DATABASE = 'history/messages.db';

function alter(storage: string, sql: string): void {
  const database = new Database(path.join(storage, DATABASE));
  database.exec(sql);
  database.close();
}

test('体检: 搜索索引缺了消息, 修复之后又搜得到', async (t) => {
  const { storage } = await realStorage(t);
  alter(storage, `INSERT OR REPLACE INTO meta (key, value) VALUES ('indexed_seq', '4')`);
  assert.deepEqual(linesOf(await examine(storage)), [`index_damaged ${DATABASE}`]);
  assert.equal((await examine(storage, { repair: true })).code, 0);
  const { ws } = await serve(t, { storage: { path: storage } });
  const client = await Client.join(t, ws, '李四');
  client.send({ type: 'search', query: '水闸' });
  assert.equal(((await client.next('search'))['messages'] as unknown[]).length, 1);
});

test('体检: 数据库里少了一条, 多了一个缺口, 都指得出', async (t) => {
  const { storage, files } = await realStorage(t);
  alter(storage, 'DELETE FROM messages WHERE seq = 2');
  const result = await examine(storage);
  assert.deepEqual(linesOf(result), [
    `not_announced ${new URL(String(files[1]['url'])).pathname.slice(1)}`,
    `sequence_gap ${DATABASE}`,
  ]);
  assert.match(result.report.findings.map(({ detail }) => detail).join(), /1 到 4 之间少 1 条/);
});

test('体检: 数据库坏得打不开, 文件那一半照常检查, 修复也不碰它', async (t) => {
  const { storage } = await realStorage(t);
  const file = path.join(storage, DATABASE);
  const handle = await open(file, 'r+');
  await handle.write('这不是数据库, 被别的东西盖住了', 0);
  await handle.close();
  const before = await readFile(file);
  await writeFile(path.join(storage, 'meta', 'half.json.tmp'), '{');
  assert.deepEqual(linesOf(await examine(storage)), [
    `database_damaged ${DATABASE}`,
    'leftover meta/half.json.tmp',
  ]);
  assert.deepEqual(linesOf(await examine(storage, { repair: true })), [`database_damaged ${DATABASE}`]);
  assert.deepEqual(await readFile(file), before);
});

test('体检: 有消息日志之前的旧目录没有数据库, 说明下次启动会补播; 有过历史的是丢了', async (t) => {
  const { storage } = await realStorage(t);
  await rm(path.join(storage, DATABASE));
  assert.deepEqual(linesOf(await examine(storage)), [`history_lost ${DATABASE}`]);
  await rm(path.join(storage, 'history.json'));
  assert.deepEqual(linesOf(await examine(storage)), [`database_missing ${DATABASE}`]);
});

test('体检: 还没进数据库的消息在预写文件里, 算数; 坏行之后接不上的不算, 修复时原件先留一份', async (t) => {
  const { storage, files } = await realStorage(t);
  const database = new Database(path.join(storage, DATABASE));
  const [row] = database.prepare('SELECT * FROM messages WHERE seq = 2').all(2) as {
    detail: string;
    sha256: string;
  }[];
  database.exec('DELETE FROM messages WHERE seq >= 2');
  database.exec(`DELETE FROM meta WHERE key = 'last_seq'`);
  database.close();
  const { id, name, originalName, size } = files[1];
  const file = {
    id,
    name,
    originalName,
    size,
    sha256: row?.sha256,
    ...(JSON.parse(row?.detail ?? '{}') as object),
  };
  const pending = JSON.stringify({ entry: { kind: 'file', seq: 2, time: 1, file } });
  const journal = 'history/journal-7.jsonl';
  await writeFile(path.join(storage, journal), `${pending}\n{"entry":{"seq":3`);
  const third = new URL(String(files[2]['url'])).pathname.slice(1);
  const torn = await examine(storage);
  assert.deepEqual([linesOf(torn), torn.report.counts.messages], [[`not_announced ${third}`], 2]);
  const pendingThird = pending.replace('"seq":2', '"seq":4');
  await writeFile(path.join(storage, journal), `${pending}\n坏行\n${pendingThird}\n`);
  const damaged = await examine(storage, { repair: true });
  assert.deepEqual([linesOf(damaged), damaged.report.counts.messages], [[`not_announced ${third}`], 2]);
  assert.match(damaged.report.repaired?.[0]?.action ?? '', /^复制到 lost\+found.*只留下收得下的/);
  assert.equal(await readFile(path.join(storage, journal), 'utf8'), `${pending}\n`);
});

test('npm run doctor: 读得懂参数, 打印中文的报告, 退出码如约', async (t) => {
  const { storage } = await realStorage(t);
  const run = async (...args: string[]): Promise<{ code: number; output: string }> => {
    const outcome = await promisify(execFile)(process.execPath, [SCRIPT, ...args]).catch(
      (error: unknown) => error,
    );
    const { code = 0, stdout, stderr } = outcome as { code?: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  };
  const clean = await run('--storage', storage, '--hashes');
  assert.deepEqual([clean.code, /没有发现问题/.test(clean.output)], [0, true]);
  await writeFile(path.join(storage, 'meta', 'half.json.tmp'), '{');
  const found = await run('--storage', storage);
  assert.equal(found.code, 1);
  assert.match(found.output, /零碎的临时文件 \(1 个\)[\s\S]*--repair 会[\s\S]*meta\/half\.json\.tmp/);
  assert.equal((await run('--storage', storage, '--repair')).code, 0);
  const help = await run('--help');
  assert.deepEqual([help.code, /用法[\s\S]*--repair/.test(help.output)], [0, true]);
  const unknown = await run('--删除');
  assert.deepEqual([unknown.code, /用法/.test(unknown.output)], [2, true]);
});
