// 文件的列表: 在服务器上找, 总数是真的; GET /api/files, kind 为 file 的 search, history 的 total
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Client, type Message } from './client.js';
import { serve, temporaryFolder } from './harness.js';
import {
  besides,
  cell,
  fileRecord,
  find,
  type OpenLog,
  openLog,
  range,
  say,
  seqs,
  until,
} from './history-tools.js';

const COUNT = 2255;

interface Files {
  readonly files: Message[];
  readonly more: boolean;
  readonly total: number;
}

/** 第 n 个文件; 每五个里一张图片, 一段录音 */
function publish({ log }: OpenLog, index: number): Promise<void> {
  const extension = index % 5 === 0 ? 'png' : index % 5 === 1 ? 'mp3' : 'pdf';
  const mimeType = { png: 'image/png', mp3: 'audio/mpeg', pdf: 'application/pdf' }[extension];
  const name = index % 2 === 0 ? '李雷' : '韩梅梅';
  const file = fileRecord(`f-${index}`, { name, originalName: `报告 ${index} Ｖ2.${extension}`, mimeType });
  return log.appendFile({ time: index, file }).durable;
}

/** 一个有两千多个文件的房间, 尾部只记得十条 */
async function room(t: TestContext) {
  const storage = await temporaryFolder(t);
  const first = await serve(t, { storage: { path: storage } });
  await first.server.stop();
  const opened = await openLog(t, { folder: `${storage}/history` });
  await Promise.all(range(1, COUNT).map((index) => publish(opened, index)));
  await say(opened.log, '报告已经都传上去了');
  await opened.log.stop();
  const limits = { chat: { messagesPerSecond: 0, historyMessages: 10 } };
  return serve(t, { ...limits, storage: { path: storage } });
}

function names({ files }: Files): unknown[] {
  return files.map((file) => file['originalName']);
}

describe('文件的列表', () => {
  it('GET /api/files: 新的在前, 按 seq 翻页, 总数不管翻到哪里; 词, 发送者, 大类都在服务器上找', async (t) => {
    const { http } = await room(t);
    const get = async (fields: Record<string, string>): Promise<Files> => {
      const response = await fetch(`${http}/api/files?${new URLSearchParams(fields)}`);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      return (await response.json()) as Files;
    };
    const all = await get({ limit: '100' });
    assert.deepEqual([all.files.length, all.more, all.total], [100, true, COUNT]);
    assert.equal(names(all)[0], `报告 ${COUNT} Ｖ2.png`);
    const next = await get({ limit: '100', before: String(all.files.at(-1)?.['seq']) });
    assert.deepEqual([names(next)[0], next.total], [`报告 ${COUNT - 100} Ｖ2.png`, COUNT]);

    const seventh = await get({ query: '报告 7 v2' });
    assert.equal(seventh.total, range(1, COUNT).filter((index) => String(index).includes('7')).length);
    assert.deepEqual(names(await get({ query: '"报告 7 v"' })), ['报告 7 Ｖ2.pdf']);
    assert.equal((await get({ query: '李雷' })).total, 1127, '发送者的名字也算');
    assert.equal((await get({ from: '李雷', group: 'image' })).total, 225);
    assert.equal((await get({ group: 'media' })).total, 451);
    assert.equal((await get({ query: 'has:audio from:韩梅梅' })).total, 226);
    const none = await get({ query: '没有这个' });
    assert.deepEqual([none.files, none.more, none.total], [[], false, 0]);
    // 总数与翻到哪里无关, 最后一页 more 为 false
    const last = await get({ query: '报告', before: '3' });
    assert.deepEqual(
      [names(last), last.more, last.total],
      [['报告 2 Ｖ2.pdf', '报告 1 Ｖ2.mp3'], false, COUNT],
    );
  });

  it('history 与 search: kind 为 file 的带 total, 刚播出的也算, 别的不带', async (t) => {
    const { ws } = await room(t);
    const client = await Client.join(t, `${ws}/ws`, '张三');
    const ask = async (message: Message): Promise<Message> => {
      client.send({ ref: 'r', ...message });
      return client.next((answer) => answer['ref'] === 'r' && answer['type'] === message['type']);
    };
    assert.equal((await ask({ type: 'history', kind: 'file', limit: 5 }))['total'], COUNT);
    client.send({ type: 'file', originalName: '新的.png', filedata: 'eA==' });
    await client.next((message) => message['originalName'] === '新的.png');
    assert.equal((await ask({ type: 'history', kind: 'file', before: 9, limit: 5 }))['total'], COUNT + 1);
    const found = await ask({ type: 'search', query: '新的 张三', kind: 'file' });
    assert.deepEqual(
      [found['total'], found['kind'], (found['messages'] as Message[]).length],
      [1, 'file', 1],
    );
    assert.equal((await ask({ type: 'search', kind: 'file' }))['total'], COUNT + 1);
    assert.equal('total' in (await ask({ type: 'search', query: '报告' })), false);
    assert.equal('total' in (await ask({ type: 'history' })), false);
  });

  it('HEAD, 坏参数, 外来的网页: 同搜索; POST 照旧是上传', async (t) => {
    const { http } = await serve(t);
    const head = await fetch(`${http}/api/files`, { method: 'HEAD' });
    const body = await (await fetch(`${http}/api/files`)).text();
    assert.deepEqual(
      [head.status, head.headers.get('content-length')],
      [200, String(Buffer.byteLength(body))],
    );
    assert.equal(body, '{"query":"","files":[],"more":false,"total":0}');
    const bad = await fetch(`${http}/api/files?group=x`);
    assert.equal(((await bad.json()) as { error: Message }).error['field'], 'group');
    assert.equal(
      (await fetch(`${http}/api/files`, { headers: { origin: 'http://evil.example' } })).status,
      403,
    );
    const form = new FormData();
    form.append('name', '张三');
    form.append('file', new File(['x'], 'a.txt'));
    assert.equal((await fetch(`${http}/api/files`, { method: 'POST', body: form })).status, 201);
  });

  it('计数: 重启, 保留期, 写线程没落盘的, 都对', async (t) => {
    const before = await openLog(t);
    const { folder } = before;
    await Promise.all(range(1, 30).map((index) => publish(before, index)));
    await Promise.all(range(1, 20).map((index) => say(before.log, `${index}`)));
    assert.equal(before.log.fileCount, 30);
    await before.log.stop();
    const opened = await openLog(t, {
      folder,
      retention: { maxMessages: 40, maxAgeDays: 0, maxBytes: 0, keepDays: 0 },
    });
    const { log } = opened;
    await until(() => log.fileCount === 20);
    const database = besides(t, folder);
    assert.equal(cell(database, 'SELECT count(*) FROM file_list'), 20);
    database.exec('BEGIN IMMEDIATE');
    const waiting = publish(opened, 31);
    assert.equal(log.fileCount, 21);
    const page = await find(log, '报告', { kind: 'file', limit: 3 });
    assert.deepEqual([seqs(page.entries), page.total], [[51, 30, 29], 21]);
    database.exec('ROLLBACK');
    await waiting;
    await log.stop();
    const again = await openLog(t, { folder });
    assert.equal(again.log.fileCount, 21);
  });
});
