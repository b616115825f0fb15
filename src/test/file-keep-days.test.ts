// 文件另有期限 (files.keepDays): 过了就删文件, 消息还在; 体检与对账不当它缺
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, type Message } from './client.js';
import { examine, linesOf } from './doctor-tools.js';
import { serve, storedFiles, temporaryFolder } from './harness.js';
import { besides, cell, until } from './history-tools.js';

const DAY_MS = 86_400_000;

test('过了 files.keepDays: 文件没有了, 消息还在, 链接是说得清的 404; 没过的照样在, 重启与体检都不说少了', async (t) => {
  const storage = await temporaryFolder(t);
  const first = await serve(t, { storage: { path: storage } });
  const client = await Client.join(t, first.ws, '张三');
  client.send({ type: 'file', originalName: '旧.txt', filedata: 'YQ==' });
  const old = await client.next('file');
  client.send({ type: 'file', originalName: '新.txt', filedata: 'Yg==' });
  const recent = await client.next('file');
  await first.server.stop();
  const database = besides(t, `${storage}/history`);
  database.exec(`UPDATE messages SET time = ${Date.now() - 8 * DAY_MS} WHERE seq = 1`);
  const second = await serve(t, { storage: { path: storage }, files: { keepDays: 7 } });
  await until(() => cell(database, "SELECT value FROM meta WHERE key = 'files_gone'") === '1');
  const get = (file: Message): Promise<Response> =>
    fetch(second.http + new URL(String(file['url'])).pathname);
  const gone = await get(old);
  assert.equal(gone.status, 404);
  assert.match(await gone.text(), /过了保留期/);
  assert.equal((await get(recent)).status, 200);
  assert.equal((await storedFiles(storage)).length, 2);
  const back = await Client.join(t, second.ws, '李四', { features: [] });
  const page = (await back.next('history'))['messages'] as Message[];
  assert.deepEqual(
    page.map((m) => m['originalName']),
    ['旧.txt', '新.txt'],
  );
  await second.server.stop();
  assert.deepEqual(linesOf(await examine(storage)), []);
});
