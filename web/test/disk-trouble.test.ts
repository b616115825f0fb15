// 服务器的磁盘一时写不进: 写下的一句留在原处, 说清楚为什么, 好了之后自己发出, 一句不重
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { coverReadOnly } from '../../src/test/small-disk.js';
import { launch, openPage } from './browser.js';
import { enter, log, sendText } from './chat-page.js';

test('磁盘只读时写的话: 网页留着它们, 说会自动再发; 改回之后按次序各发出一次', async (t) => {
  const { http, ws, storage } = await serve(t);
  const other = await Client.join(t, ws, '李四');
  const page = await openPage(t, await launch(t), http);
  await enter(page, '张三');
  const uncover = coverReadOnly(t, path.join(storage, 'history'));
  if (uncover === undefined) return;
  await sendText(page, '第一句');
  await sendText(page, '第二句');
  const note = log(page).getByText(/服务器此刻收不下, 过会儿自动再发: 服务器正忙/);
  await note.waitFor();
  assert.equal(await log(page).getByText('发送失败').count(), 0);
  uncover();
  for (const text of ['第一句', '第二句']) await other.next((message) => message['message'] === text);
  await note.waitFor({ state: 'detached' });
  await log(page).getByLabel('已发送').nth(1).waitFor();
  assert.deepEqual(
    other.of('text').map(({ message }) => message),
    ['第一句', '第二句'],
  );
});
