// 坏的文字 (磁盘出错, 别的工具写坏): 显示成 U+FFFD, 服务器照常, 体检指得出是哪一条
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { Client } from './client.js';
import { examine, linesOf, realStorage } from './doctor-tools.js';
import { spawnServer } from './harness.js';
import { besides, find, openLog, range, say, seqs, untilIndexed } from './history-tools.js';

// 一个汉字, 半个汉字, 一个字母
const BAD = `CAST(x'e8a18cff41e6b0' AS TEXT)`;
const SHOWN = '行\uFFFDA\uFFFD';

test('不是 UTF-8 的一行: 翻页, 搜索, 认重发, 启动都照常, 坏的字节是 U+FFFD', async (t) => {
  const first = await openLog(t);
  for (const seq of range(1, 1200)) void say(first.log, `第 ${seq} 条`);
  await say(first.log, '最后');
  await first.log.stop();
  const database = besides(t, first.folder);
  database.exec(
    `UPDATE messages SET body = ${BAD}, name = ${BAD}, client_id = ${BAD}, sender = '她' WHERE seq = 50`,
  );
  database.exec(
    `UPDATE messages SET id = ${BAD}, detail = ${BAD}, sha256 = ${BAD}, kind = 'file' WHERE seq = 51`,
  );
  database.exec(`UPDATE messages SET body = ${BAD} WHERE seq = 1200`);
  const { log } = await openLog(t, { folder: first.folder, tail: { maxMessages: 10, maxBytes: 1000 } });
  const [text, file] = await log.before(52, { limit: 2 });
  assert.deepEqual(text, { ...text, kind: 'text', seq: 50, name: SHOWN, message: SHOWN });
  assert.ok(file?.kind === 'file' && file.file.id === SHOWN && file.file.sha256 === SHOWN);
  assert.deepEqual(seqs(await log.after(40, { limit: 20 })), range(41, 60));
  await untilIndexed(database, 1201);
  for (const query of ['行', 'A', `${SHOWN}`, '第 12']) await find(log, query, { limit: 100 });
  assert.deepEqual(seqs((await find(log, '行\uFFFDa')).entries), [1200, 50]);
  assert.deepEqual(await log.sentIds('她'), [SHOWN]);
  assert.deepEqual([...(await log.knownFiles())], [SHOWN]);
});

test('不是 UTF-8 的一行: 服务器不死, 体检指出是哪一条', async (t) => {
  const { storage } = await realStorage(t);
  const database = besides(t, path.join(storage, 'history'));
  database.exec(`UPDATE messages SET body = ${BAD} WHERE seq = 4`);
  database.exec(`UPDATE messages SET detail = '{' WHERE seq = 3`);
  const result = await examine(storage);
  assert.deepEqual(linesOf(result), Array(2).fill('text_damaged history/messages.db'));
  assert.match(JSON.stringify(result.report.findings), /seq 3, detail 不是 JSON.*seq 4, 不是 UTF-8/);
  const { ws } = await spawnServer(t, storage, { SLUICE_CHAT_HISTORY_MESSAGES: '1' });
  const client = await Client.join(t, ws, '李四');
  client.send({ type: 'history', limit: 10 });
  const { messages } = (await client.next('history')) as unknown as { messages: { message?: string }[] };
  assert.equal(messages.at(-1)?.message, SHOWN);
});
