// 读线程: 一页按字节截断, 不整个读出; 认重发有自己的一道, 翻页与搜索占不满它
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readPage } from '../chat/history-page.js';
import { PAGE_BYTES, pageBytes } from '../protocol/page-bytes.js';
import type { DiskLog } from '../store/history/disk-log.js';
import { find, openLog, range, seqs } from './history-tools.js';

const COUNT = 300;
const LONG_TEXT = '长'.repeat(2000);
const SENT_BY = { sender: '某人', clientId: '某一句' };
// 尾部只留几条: 其余的要读盘
const TAIL = { maxMessages: 5, maxBytes: 1024 * 1024 };

/** 300 条, 每条约 6 KB; 第 10 条带着 clientId */
async function longLog(t: TestContext): Promise<DiskLog> {
  const { log } = await openLog(t, { tail: TAIL });
  const durable = range(1, COUNT).map((seq) => {
    const draft = { kind: 'text', id: `id-${seq}`, time: seq, name: '张三', message: LONG_TEXT } as const;
    return log.appendText(draft, seq === 10 ? { sentBy: SENT_BY } : {}).durable;
  });
  await Promise.all(durable);
  return log;
}

test('一页长文字: 往前往后都只读到放不下为止, 不是整整一千条', async (t) => {
  const log = await longLog(t);
  const filter = { limit: 1000, maxBytes: PAGE_BYTES };
  for (const found of [await log.after(0, filter), await log.before(200, filter)]) {
    const bytes = found.reduce((sum, entry) => sum + pageBytes(entry), 0);
    const last = found[0];
    assert.ok(last !== undefined && bytes > PAGE_BYTES && bytes <= PAGE_BYTES + pageBytes(last), `${bytes}`);
  }
});

test('一页长文字: 往前, 往后, 夹在数据库与内存之间, 接起来不重不漏, more 说得准', async (t) => {
  const log = await longLog(t);
  const forward: number[] = [];
  for (let more = true; more; ) {
    const page = await readPage(log, { after: forward.at(-1) ?? 0, limit: 200 });
    forward.push(...seqs(page.entries));
    more = page.more;
  }
  assert.deepEqual(forward, range(1, COUNT));
  const backward: number[] = [];
  for (let more = true; more; ) {
    const page = await readPage(log, { before: backward[0] ?? COUNT + 1, limit: 200 });
    backward.unshift(...seqs(page.entries));
    more = page.more;
  }
  assert.deepEqual(backward, range(1, COUNT));
});

test('一页搜索也只读到放不下为止, 并说还有', async (t) => {
  const log = await longLog(t);
  const { entries, more } = await find(log, '长', { limit: 100 });
  assert.ok(entries.length < 50, `${entries.length}`);
  const next = await find(log, '长', { limit: 1, before: entries.at(-1)?.seq ?? 0 });
  assert.equal(next.entries.length, 1);
  assert.ok(more || entries.reduce((sum, entry) => sum + pageBytes(entry), 0) > PAGE_BYTES);
});

test('认重发: 两百页与许多搜索排着队, 它们都没有做完就认出来了', async (t) => {
  const log = await longLog(t);
  let done = 0;
  const count = (): void => {
    done += 1;
  };
  const pages = range(1, 200).map(() => Promise.resolve(log.before(250, { limit: 20 })).then(count));
  const searches = range(1, 30).map(() => find(log, '哪里都没有').then(count));
  assert.equal((await log.findSent(SENT_BY))?.seq, 10);
  assert.deepEqual(await log.sentIds(SENT_BY.sender), [SENT_BY.clientId]);
  assert.ok(done < 50, `${done}`);
  await Promise.all([...pages, ...searches]);
});
