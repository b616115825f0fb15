// 运营者该知道的损失: 数据库没了, 密钥没了, 收不下消息; 每件事一行警告
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import Database from 'libsql';
import { realStorage } from './doctor-tools.js';
import { temporaryFolder } from './harness.js';
import { besides, openLog, say, until } from './history-tools.js';
import { startLogged } from './logged-start.js';

test('没有凭据的旧目录, 数据库没有, 是空的, 整个 history/ 没有, 而 files/ 里有文件: 说明历史从头开始; 空目录与平常的启动不说', async (t) => {
  const { storage } = await realStorage(t);
  const history = path.join(storage, 'history');
  const losses = [
    () => rmSync(path.join(history, 'messages.db')),
    () => truncateSync(path.join(history, 'messages.db'), 0),
    () => rmSync(history, { recursive: true }),
  ];
  for (const lose of losses) {
    lose();
    // 有消息日志之前的旧目录; 有凭据的不启动 (lost-history.test.ts)
    rmSync(path.join(storage, 'history.json'));
    const { server, warned } = await startLogged(t, storage);
    await server.stop();
    assert.equal(warned.filter((text) => /消息数据库是新建的.*历史从头开始/.test(text)).length, 1);
  }
  assert.deepEqual((await startLogged(t, storage)).warned, []);
  assert.deepEqual((await startLogged(t, await temporaryFolder(t))).warned, []);
});

test('会话密钥没了或坏了, 而有消息数据库: 换新的, 并说明', async (t) => {
  const { storage } = await realStorage(t);
  const secret = path.join(storage, 'history', 'session.secret');
  for (const lose of [() => rmSync(secret), () => writeFileSync(secret, '短')]) {
    lose();
    const { server, warned } = await startLogged(t, storage);
    await server.stop();
    assert.match(warned.join(), /^会话密钥没有了或坏了, 已换新的[^,]*$/);
  }
});

test('别的程序的数据库放在了那里: 拒绝启动, 说明是哪个文件, 一个字节也不动', async (t) => {
  const storage = await temporaryFolder(t);
  const file = path.join(storage, 'history', 'messages.db');
  mkdirSync(path.dirname(file));
  const database = new Database(file);
  database.exec('CREATE TABLE foo (a)');
  database.close();
  for (const version of [0, 1]) {
    const other = new Database(file);
    other.exec(`PRAGMA user_version = ${version}`);
    other.close();
    const before = readFileSync(file);
    await assert.rejects(startLogged(t, storage), /messages\.db 不是水闸的消息数据库/);
    assert.deepEqual(readFileSync(file), before);
  }
});

test('收不下消息: 开始时一行警告, 过去之后一行, 不逐条记', async (t) => {
  const { log, folder, said } = await openLog(t, { pendingBytes: 10_000 });
  await say(log, '第 1 条');
  const database = besides(t, folder);
  database.exec('BEGIN IMMEDIATE');
  const accepted: Promise<void>[] = [];
  let refused = 0;
  for (let count = 0; count < 500; count += 1) {
    try {
      accepted.push(say(log, 'x'.repeat(100)));
    } catch {
      refused += 1;
    }
  }
  assert.ok(refused > 300);
  const noted = (): string[] => said.filter((text) => text.includes('收'));
  assert.equal(noted().length, 1);
  assert.match(noted()[0] ?? '', /收不下新消息 \(server_busy\)/);
  database.exec('ROLLBACK');
  await Promise.all(accepted);
  await until(() => {
    // 过去了, 要等又收下一条才看得出
    void say(log, '接着');
    return noted().length === 2;
  });
  assert.equal(noted()[1], '又收得下新消息了');
});
