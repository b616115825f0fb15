// 消息日志的恢复: 写到一半的预写文件, 断过电的机器, 写线程死掉
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from './harness.js';
import { besides, cell, openLog, range, say, seqs, until } from './history-tools.js';

const line = (seq: number): string =>
  JSON.stringify({
    entry: { kind: 'text', id: `id-${seq}`, seq, time: 1, name: '张三', message: `第 ${seq} 条` },
  });

test('预写文件: 整行的都补上, 写到一半的一行与它之后的不算; 已有的不重复', async (t) => {
  const folder = await temporaryFolder(t);
  const first = await openLog(t, { folder });
  await Promise.all([say(first.log, '第 1 条'), say(first.log, '第 2 条')]);
  await first.log.stop();
  assert.deepEqual(readdirSync(folder), ['messages.db'], '好好停下之后只剩数据库');
  writeFileSync(path.join(folder, 'journal-7.jsonl'), `${line(1)}\n${line(2)}\n${line(3)}\n`);
  writeFileSync(path.join(folder, 'journal-8.jsonl'), `${line(4)}\n${line(5).slice(0, 40)}`);
  const second = await openLog(t, { folder });
  assert.equal(second.log.seq, 4);
  assert.deepEqual(seqs(await second.log.after(0, { limit: 10 })), [1, 2, 3, 4]);
  await say(second.log, '第 5 条');
  await second.log.stop();
  const third = await openLog(t, { folder });
  assert.deepEqual(seqs(await third.log.after(0, { limit: 10 })), range(1, 5));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('journal')),
    [],
  );
});

test('断电: 没有好好停下而机器又重启过, 换一个 epoch; 同一次开机里被杀则不换', async (t) => {
  const folder = await temporaryFolder(t);
  const first = await openLog(t, { folder });
  const { epoch } = first.log;
  await say(first.log, '你好');
  await first.log.stop();
  const database = besides(t, folder);
  const running = "INSERT OR REPLACE INTO meta VALUES ('running', ?)";
  assert.equal(cell(database, "SELECT count(*) FROM meta WHERE key = 'running'"), 0);
  const boot = "SELECT value FROM meta WHERE key = 'running'";
  const second = await openLog(t, { folder });
  const current = String(cell(database, boot));
  assert.equal(second.log.epoch, epoch);
  await second.log.stop();
  database.prepare(running).run(current);
  const killed = await openLog(t, { folder });
  assert.equal(killed.log.epoch, epoch);
  await killed.log.stop();
  database.prepare(running).run('00000000-0000-4000-8000-000000000000');
  const lost = await openLog(t, { folder });
  assert.notEqual(lost.log.epoch, epoch);
  assert.equal(lost.log.seq, 1);
  await lost.log.stop();
  assert.equal((await openLog(t, { folder })).log.epoch, lost.log.epoch);
});

test('写线程死了: 重开之后一条不少, 等着的都得到落盘', async (t) => {
  const { log, folder, said } = await openLog(t);
  await say(log, '第 1 条');
  const database = besides(t, folder);
  // 写不进的表: 不是一时的困难, 线程只能死掉
  database.exec('ALTER TABLE messages RENAME TO away');
  const waiting = range(2, 50).map((seq) => say(log, `第 ${seq} 条`));
  await until(() => said.some((text) => text.includes('写线程死了')));
  waiting.push(say(log, '第 51 条'));
  database.exec('ALTER TABLE away RENAME TO messages');
  await Promise.all(waiting);
  await say(log, '第 52 条');
  assert.deepEqual(
    database.prepare('SELECT seq FROM messages ORDER BY seq').raw().all().flat(),
    range(1, 52),
  );
});

test('写线程屡次起不来: 等着的被拒绝, 新的消息也拒绝, 不是一直挂着', { timeout: 60_000 }, async (t) => {
  const { log, folder } = await openLog(t);
  await say(log, '第 1 条');
  besides(t, folder).exec('ALTER TABLE messages RENAME TO away');
  await assert.rejects(say(log, '第 2 条'), { code: 'internal' });
  assert.throws(() => void say(log, '第 3 条'), { code: 'internal' });
  assert.equal(log.seq, 2);
});
