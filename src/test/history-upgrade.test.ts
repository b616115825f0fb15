// 旧版的消息数据库: 先留副本再升级, 一条不少; 重编索引的途中搜得也准; 不满意可以换回副本
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'libsql';
import type { RoomEntry } from '../protocol/messages.js';
import { DATABASE_NAME, transact } from '../store/history/database.js';
import { insertValues } from '../store/history/rows.js';
import { MIGRATIONS } from '../store/history/schema.js';
import { temporaryFolder } from './harness.js';
import { besides, cell, fileRecord, find, openLog, range, say, seqs, untilIndexed } from './history-tools.js';

const BACKUP = 'messages-v1.db';
const COUNT = 3000;
// 第 1 版的 INSERT: 各版的列只在末尾加
const COLUMNS = [
  'seq',
  'kind',
  'id',
  'time',
  'name',
  'body',
  'detail',
  'sha256',
  'size',
  'sender',
  'client_id',
];
const INSERT = `INSERT INTO messages (${COLUMNS}) VALUES (${COLUMNS.map(() => '?')})`;

/** 第 1 版的数据库, 索引编到 indexedSeq: 每十条一个文件, 第 5 条是 Café */
async function oldFolder(t: TestContext, indexedSeq = COUNT): Promise<string> {
  const folder = await temporaryFolder(t);
  const database = new Database(path.join(folder, DATABASE_NAME));
  database.exec('PRAGMA journal_mode = WAL');
  for (const step of MIGRATIONS[0] ?? []) if (typeof step === 'string') database.exec(step);
  const insert = database.prepare(INSERT);
  const index = database.prepare('INSERT INTO message_index (rowid, body) VALUES (?, ?)');
  transact(database, 'IMMEDIATE', () => {
    for (const seq of range(1, COUNT)) {
      const body = seq === 5 ? 'Café 在一楼' : `第 ${seq} 条, 会议室`;
      const base = { seq, time: seq };
      if (seq % 10 === 0) {
        const file = fileRecord(`f-${seq}`, { originalName: `附件 ${seq}.pdf` });
        insert.run(oldValues({ kind: 'file', ...base, file }));
      } else insert.run(oldValues({ kind: 'text', id: `t-${seq}`, name: '张三', message: body, ...base }));
      if (seq <= indexedSeq) index.run([seq, `${body.toLowerCase()}\u0001\u0001`]);
    }
    const set = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
    set.run('epoch', 'old-epoch');
    set.run('indexed_seq', String(indexedSeq));
  });
  database.exec('PRAGMA user_version = 1');
  database.close();
  return folder;
}

function oldValues(entry: RoomEntry): (string | number | null)[] {
  return insertValues(entry, {}).slice(0, COLUMNS.length);
}

test('升级: 先留下完整的副本, 消息与编号一样不少, 文件数得出; 重编的途中与之后搜得一样准', {
  timeout: 60_000,
}, async (t) => {
  const folder = await oldFolder(t);
  const { log, said } = await openLog(t, { folder });
  assert.deepEqual([log.epoch, log.seq, log.firstSeq, log.fileCount], ['old-epoch', COUNT, 1, COUNT / 10]);
  assert.ok(said.some((line) => line.includes('升级')));
  const check = async (): Promise<void> => {
    assert.deepEqual(seqs((await find(log, 'cafe')).entries), [5]);
    assert.deepEqual(seqs((await find(log, '会议室 "第 7 条"')).entries), [7]);
    assert.deepEqual(seqs((await find(log, 'from:张三 before:2001', { limit: 2 })).entries), [
      COUNT,
      COUNT - 1,
    ]);
    assert.equal((await find(log, '附件', { kind: 'file' })).total, COUNT / 10);
  };
  await check();
  const database = besides(t, folder);
  await say(log, '新的');
  await untilIndexed(database, COUNT - 1000);
  await check();
  const copy = new Database(path.join(folder, BACKUP));
  t.after(() => copy.close());
  assert.equal(cell(copy, 'PRAGMA user_version'), 1);
  assert.deepEqual(
    [cell(copy, 'SELECT count(*) FROM messages'), cell(copy, 'PRAGMA integrity_check')],
    [COUNT, 'ok'],
  );
  assert.equal(readdirSync(folder).filter((name) => name.endsWith('.part')).length, 0);
});

test('退回: 换回副本之后历史另有编号 (升级以后的没有了), 再升级照样可以', async (t) => {
  const folder = await oldFolder(t);
  const first = await openLog(t, { folder });
  await say(first.log, '升级之后说的');
  await first.log.stop();
  for (const name of readdirSync(folder)) if (name.startsWith(DATABASE_NAME)) rmSync(path.join(folder, name));
  renameSync(path.join(folder, BACKUP), path.join(folder, DATABASE_NAME));
  const again = await openLog(t, { folder });
  assert.equal(again.log.seq, COUNT);
  assert.notEqual(again.log.epoch, 'old-epoch');
  assert.ok(existsSync(path.join(folder, BACKUP)));
});

test('上次留副本的途中断了电: 没写完的不算数, 重新留一份', async (t) => {
  const folder = await oldFolder(t, 0);
  for (const suffix of ['', '-journal', '-wal', '-shm'])
    copyFileSync(path.join(folder, DATABASE_NAME), path.join(folder, `${BACKUP}.part${suffix}`));
  const { log } = await openLog(t, { folder });
  assert.equal(log.seq, COUNT);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith(BACKUP)),
    [BACKUP],
  );
});

test('升级: 由第 2 版加上来处的列, 旧的各行照旧; 新的连同公开标识与地址落盘, 重启之后读得回, 地址不随它出来', async (t) => {
  const folder = await oldFolder(t);
  const old = new Database(path.join(folder, DATABASE_NAME));
  for (const step of MIGRATIONS[1] ?? []) {
    if (typeof step === 'string') old.exec(step);
    else step(old);
  }
  old.exec('PRAGMA user_version = 2');
  old.close();
  // 地址留这么久
  const retention = { maxMessages: 0, maxAgeDays: 0, maxBytes: 0, keepDays: 30 };
  const first = await openLog(t, { folder, retention });
  assert.ok(existsSync(path.join(folder, 'messages-v2.db')));
  // 是现在的: 过了 keepDays 的地址会抹掉
  const time = Date.now();
  const said = { kind: 'text', id: 'n', time, name: '李四', from: 'tag1', message: '新的' } as const;
  await first.log.appendText(said, { address: '192.0.2.7' }).durable;
  const file = fileRecord('g', { from: 'tag2' });
  await first.log.appendFile({ time, file }, { address: '2001:db8:0:1' }).durable;
  await first.log.stop();
  const { log } = await openLog(t, { folder, retention });
  assert.deepEqual(await log.after(COUNT - 1, { limit: 10 }), [
    ...(await log.before(COUNT + 1, { limit: 1 })),
    { ...said, seq: COUNT + 1 },
    { kind: 'file', seq: COUNT + 2, time, file },
  ]);
  const database = besides(t, folder);
  const stored = `SELECT group_concat(from_tag || ' ' || address) FROM messages WHERE seq > ${COUNT}`;
  assert.equal(cell(database, stored), 'tag1 192.0.2.7,tag2 2001:db8:0:1');
  assert.equal(cell(database, 'SELECT count(*) FROM messages WHERE address IS NULL'), COUNT);
});
