// 体检的分寸: 路径写错了不说健康, 锁着的不说坏了, 修复一遍到底, 不必修的不算问题
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { examineHistory, resetIndex } from '../doctor/history.js';
import { formatReport } from '../doctor/report.js';
import { examine, linesOf, realStorage } from './doctor-tools.js';
import { temporaryFolder } from './harness.js';
import { besides, fileRecord, find, openLog, range, say, until, untilIndexed } from './history-tools.js';

test('体检: 空的或别的目录不是存储目录, 不留锁; 锁着的数据库说锁着, 不说坏了', async (t) => {
  const empty = await temporaryFolder(t);
  mkdirSync(path.join(empty, 'files'));
  const wrong = await examine(empty);
  assert.deepEqual([wrong.code, readdirSync(empty)], [2, ['files']]);
  assert.match(wrong.progress.join(), /不是水闸的存储目录/);
  const { storage } = await realStorage(t);
  const database = besides(t, path.join(storage, 'history'));
  database.exec('BEGIN IMMEDIATE');
  const locked = await examine(storage);
  assert.equal(locked.code, 2);
  assert.match(locked.progress.join(), /messages\.db 被别的程序锁着/);
});

test('修复: 一遍就修完, 再查没有问题; 没看过内容就说没看过', async (t) => {
  const { storage, ready } = await realStorage(t);
  writeFileSync(path.join(storage, 'partial', `${String(ready['uploadId'])}.json`), '[]');
  writeFileSync(path.join(storage, 'history', 'journal-1.jsonl'), '坏行\n');
  const repaired = await examine(storage, { repair: true });
  assert.deepEqual([repaired.code, linesOf(repaired)], [0, []]);
  assert.deepEqual(linesOf(await examine(storage)), []);
  assert.match(formatReport(repaired.report), /修复之后 没有发现问题 \(没有核对文件的内容/);
});

test('修复: 没有数据库, 服务器自己会补, 修复之后不再算问题; 不修复则照报', async (t) => {
  const { storage } = await realStorage(t);
  // 有消息日志之前的旧目录: 没有凭据
  for (const name of ['history/messages.db', 'history.json']) rmSync(path.join(storage, name));
  assert.equal((await examine(storage)).code, 1);
  const repaired = await examine(storage, { repair: true });
  assert.deepEqual([repaired.code, linesOf(repaired)], [0, ['database_missing history/messages.db']]);
});

test('体检: 坏得离谱的序号不报成少了多少亿条', async (t) => {
  const { storage } = await realStorage(t);
  besides(t, path.join(storage, 'history')).exec('UPDATE messages SET seq = 19723953399 WHERE seq = 4');
  const { report } = await examine(storage);
  const gap = report.findings.find(({ kind }) => kind === 'sequence_gap');
  assert.match(gap?.detail ?? '', /只有 4 条, 序号却从 1 到 19723953399/);
});

test('运行中搜索索引坏了: 日志说明去运行 npm run doctor, 不逐条记', async (t) => {
  const { log, folder, said } = await openLog(t);
  for (const seq of range(1, 1200)) void say(log, `第 ${seq} 条`);
  await say(log, '最后');
  const database = besides(t, folder);
  await untilIndexed(database, 1201);
  database.exec('DROP TABLE message_index');
  for (const query of ['"第 77"', '"第 88"']) await assert.rejects(find(log, query));
  assert.equal(said.filter((text) => text.includes('npm run doctor')).length, 1);
});

test('搜索索引的内容坏了: 只说一次, 写线程不死, 消息照收, 停机与重启都正常', async (t) => {
  const { log, folder, said } = await openLog(t);
  for (const seq of range(1, 1200)) void say(log, `第 ${seq} 条`);
  await say(log, '最后');
  const database = besides(t, folder);
  await untilIndexed(database, 1201);
  database.exec('UPDATE message_index_data SET block = zeroblob(10)');
  for (const seq of range(1202, 2400)) void say(log, `第 ${seq} 条`);
  await until(() => said.some((text) => text.includes('消息照收')));
  await say(log, '还收得下');
  assert.equal(said.length, 1);
  await log.stop();
  assert.equal((await openLog(t, { folder })).log.seq, 2401);
});

test('文件列表缺了几个: 体检指得出, 修复之后数目又对', async (t) => {
  const { log, folder } = await openLog(t);
  await Promise.all(
    range(1, 5).map((seq) => log.appendFile({ time: seq, file: fileRecord(`f-${seq}`) }).durable),
  );
  await log.stop();
  besides(t, folder).exec('DELETE FROM file_list WHERE seq > 3');
  assert.ok(examineHistory(folder).findings.some(({ detail = '' }) => detail.includes('少 2 个')));
  resetIndex(folder);
  assert.equal(examineHistory(folder).findings.length, 0);
});
