// 搜索: 结果恰好是合乎 query 的那些 (写法与折叠另由向量核对), 不论在不在索引里, 落没落盘
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindOf } from '../protocol/file-kind.js';
import { criteriaOf, matches } from '../protocol/search-query.js';
import type { DiskLog } from '../store/history/disk-log.js';
import { besides, fileRecord, find, openLog, say, seqs, untilIndexed } from './history-tools.js';

const LINES = [
  '今天下午三点开会, 讨论项目进度',
  '会议纪要已经发到群里',
  'Hello World, HELLO world',
  '百分比 100% 与下划线 a_b 与星号 *',
  '她说 "不行" 然后走了',
  'emoji 👨‍👩‍👧 与 😀😀',
  'ΟΔΟΣ στην Αθήνα; STRASSE straße İstanbul',
  '好',
  "引号 ' 与反斜线 \\ 与 NEAR(a b) OR AND -x ^y col:z",
  'a\u0000b 空字符',
  'Café ＡＢＣ ﬁ ｶﾞ ㈱ ⼀ 한글 か\u3099 re\u0301sume\u0301',
  '会议室改在三楼, 评审照旧',
  '第一行\n第二行\t制表',
];
const FILE_NAME = '报告-终稿.pdf';
const QUERIES = [
  ...['1', '充 1', '会', '会议', '会议纪', '会议纪要', '开会', '项目进度', '没有的词', '好', '好好'],
  ...['hello', 'HELLO WORLD', 'o w', 'lo', '%', '_', '0%', 'a_b', '*', '"', '"不行"', '" 然', "'"],
  ...[
    '👨',
    '👧',
    '😀',
    '😀😀',
    '\u200d',
    'οδος',
    'ΟΔΟΣ',
    'ß',
    'ss',
    'SS',
    'i\u0307',
    'İ',
    '\\',
    'OR',
    '-x',
    'col:',
    'NEAR(',
  ],
  ...[
    '\u0000',
    ...[
      '会议 评审',
      '评审 好',
      'cafe abc',
      'ga',
      'fi',
      'ガ',
      'カ',
      'が',
      'か',
      '株',
      '一',
      '한',
      'resume cafe',
    ],
    ...['"会议 评审"', '"三楼, 评审"', 'from:张三 会议', 'from:李四 会议', 'has:file 终稿', 'has:link'],
    'a\u0000b',
    '行\n第',
    '\t',
    ',',
    ', ',
    '报告',
    '.PDF',
    '终稿',
    '\u0001',
    '\ud83d',
    '要'.repeat(256),
  ],
];

function expected(lines: readonly string[], query: string): number[] {
  const criteria = criteriaOf(query);
  return lines.flatMap((body, index) => {
    const file = body === FILE_NAME ? { kind: kindOf('text/plain', body) } : {};
    return matches(criteria, { body, name: '张三', time: 1, ...file }) ? [index + 1] : [];
  });
}

async function assertSearches(log: DiskLog, lines: readonly string[]): Promise<void> {
  for (const query of QUERIES) {
    const wanted = expected(lines, query);
    assert.deepEqual(await findAll(log, query), wanted.reverse(), JSON.stringify(query));
  }
}

/** 全部命中的 seq, 新的在前; 一页按字节截断, 所以一页一页地接 */
async function findAll(log: DiskLog, query: string): Promise<number[]> {
  const found: number[] = [];
  for (let more = true; more; ) {
    const before = found.at(-1);
    const page = await find(log, query, { limit: 2000, ...(before === undefined ? {} : { before }) });
    found.push(...seqs(page.entries));
    more = page.more;
    assert.ok(!more || page.entries.length > 0, '还有就不能是空页');
  }
  return found;
}

/** 填充用的行, 与要找的词无关 */
function filler(index: number): string {
  return `填充 ${index} ${String.fromCodePoint(0xac00 + (index % 2000))}${String.fromCodePoint(0xb800 + (index % 997))}`;
}

test('搜索: 落盘而没进索引的, 没落盘的, 进了索引的, 结果都一样', { timeout: 60_000 }, async (t) => {
  const { log, folder } = await openLog(t, { tail: { maxMessages: 5, maxBytes: 1e9 } });
  const lines = [...LINES, FILE_NAME];
  const write = async (): Promise<void> => {
    const written = LINES.map((line) => say(log, line));
    written.push(log.appendFile({ time: 1, file: fileRecord('f', { originalName: FILE_NAME }) }).durable);
    await Promise.all(written);
  };
  await write();
  await assertSearches(log, lines);
  const everything = [...lines];
  for (let index = 0; index < 1500; index += 1) everything.push(filler(index));
  await Promise.all(everything.slice(lines.length).map((line) => say(log, line)));
  const database = besides(t, folder);
  await untilIndexed(database, log.seq);
  await assertSearches(log, everything);
  // 又来了一轮, 数据库被占着: 索引里的, 与还没落盘的, 一起给出
  database.exec('BEGIN IMMEDIATE');
  const waiting = write();
  await assertSearches(log, [...everything, ...lines]);
  database.exec('ROLLBACK');
  await waiting;
  await assertSearches(log, [...everything, ...lines]);
});

test('搜索: before 接着往前翻, 每一页不重不漏, 最后一页 more 为 false', { timeout: 60_000 }, async (t) => {
  const { log, folder } = await openLog(t, { tail: { maxMessages: 5, maxBytes: 1e9 } });
  for (let index = 1; index < 1500; index += 1)
    void say(log, index % 10 === 0 ? `要找的 ${index}` : filler(index));
  await say(log, '要找的 1500');
  await untilIndexed(besides(t, folder), 1500);
  for (let index = 1501; index < 1600; index += 1)
    void say(log, index % 10 === 0 ? `要找的 ${index}` : filler(index));
  await say(log, '要找的 1600');
  const wanted = Array.from({ length: 160 }, (_, index) => (160 - index) * 10);
  for (const query of ['要找的', '找', '要找']) {
    for (const limit of [1, 7, 16, 160]) {
      const found: number[] = [];
      let more = true;
      for (let before: number | undefined; more; before = found.at(-1)) {
        const page = await find(log, query, { limit, ...(before === undefined ? {} : { before }) });
        assert.ok(page.entries.length <= limit);
        found.push(...seqs(page.entries));
        more = page.more;
      }
      assert.deepEqual(found, wanted, `${query} ${limit}`);
    }
  }
});

test('搜索: 排队的超过上限是 server_busy, 其余照样有结果', async (t) => {
  const { log } = await openLog(t, { maxSearches: 3 });
  await say(log, '你好');
  const asked = Array.from({ length: 10 }, () => find(log, '你好'));
  const outcomes = await Promise.allSettled(asked);
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  assert.deepEqual(
    refused.map(({ reason }) => reason.code),
    Array.from({ length: 7 }, () => 'server_busy'),
  );
  assert.deepEqual(seqs((await find(log, '你')).entries), [1]);
});
