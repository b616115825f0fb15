// 预写文件坏了: 收下接得上的; 丢了播出去的就换 epoch, 记一行警告, 原件留着
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { besides, cell, type OpenLog, openLog, range, say, seqs } from './history-tools.js';

const line = (seq: number): string =>
  `${JSON.stringify({ entry: { kind: 'text', id: `id-${seq}`, seq, time: 1, name: '张三', message: `第 ${seq} 条` } })}\n`;
const lines = (from: number, to: number): string => range(from, to).map(line).join('');
const HOLE = `${'\0'.repeat(50)}\n`;

/** 数据库里有 1 到 3, 留下这样的预写文件, 再打开; 键是段号 */
async function reopened(
  t: TestContext,
  segments: Readonly<Record<number, string>>,
): Promise<OpenLog & { readonly before: string; readonly aside: string[] }> {
  const first = await openLog(t);
  for (const seq of range(1, 3)) void say(first.log, `第 ${seq} 条`);
  await first.log.stop();
  for (const [segment, content] of Object.entries(segments))
    writeFileSync(path.join(first.folder, `journal-${segment}.jsonl`), content);
  const again = await openLog(t, { folder: first.folder });
  const names = readdirSync(first.folder);
  assert.deepEqual(
    names.filter((name) => name.startsWith('journal')),
    [],
  );
  return {
    ...again,
    before: first.log.epoch,
    aside: names.filter((name) => name.startsWith('damaged')).sort(),
  };
}

async function all({ log }: OpenLog): Promise<number[]> {
  return seqs(await log.after(0, { limit: 100 }));
}

test('中间一行坏了: 它之前的收下, 之后接不上的不收; epoch 换了, 有警告, 原件留着', async (t) => {
  const content = lines(4, 6) + HOLE + lines(8, 10);
  const found = await reopened(t, { 7: content, 8: lines(11, 12) });
  assert.deepEqual(await all(found), range(1, 6));
  assert.notEqual(found.log.epoch, found.before);
  assert.match(found.said.join(), /预写文件有坏处.*丢了/);
  assert.deepEqual(
    found.aside.map((name) => readFileSync(path.join(found.folder, name), 'utf8')),
    [content, lines(11, 12)],
  );
  await say(found.log, '接着');
  assert.equal(found.log.seq, 7);
  await found.log.stop();
  const later = await openLog(t, { folder: found.folder });
  assert.deepEqual([later.log.epoch, later.said], [found.log.epoch, []], '只换一次, 只警告一次');
});

test('末尾是坏行或空洞, 中间少了一段, 开头就坏了: 都是丢了尾巴', async (t) => {
  for (const segments of [
    { 1: lines(4, 5) + HOLE },
    { 1: `${lines(4, 5)}${'\0'.repeat(9)}` },
    { 1: lines(4, 5), 3: lines(7, 8) },
    { 1: HOLE + lines(6, 7), 2: lines(8, 9) },
  ]) {
    const found = await reopened(t, segments);
    assert.notEqual(found.log.epoch, found.before, JSON.stringify(segments));
    assert.equal(found.said.length, 1);
    assert.deepEqual(await all(found), range(1, found.log.seq));
    assert.ok(found.aside.length > 0);
  }
});

test('坏的一行早已进了数据库: 后面的接得上, 没有丢, epoch 不换; 照样警告, 留着原件', async (t) => {
  const found = await reopened(t, { 1: line(1) + HOLE + lines(3, 6) });
  assert.deepEqual(await all(found), range(1, 6));
  assert.equal(found.log.epoch, found.before);
  assert.match(found.said.join(), /消息没有丢/);
  assert.equal(found.aside.length, 1);
});

test('写到一半的最后一行 (没有换行) 没有播出去: epoch 不换, 不警告', async (t) => {
  const found = await reopened(t, { 1: lines(4, 5) + line(6).slice(0, 40) });
  assert.deepEqual([await all(found), found.log.epoch, found.said], [range(1, 5), found.before, []]);
  assert.deepEqual(found.aside, []);
});

test('坏了的原件只留最近的 8 个', async (t) => {
  const { log, folder } = await openLog(t);
  await say(log, '第 1 条');
  await log.stop();
  for (const index of range(1, 9))
    writeFileSync(path.join(folder, `damaged-2026-0${index}-journal-1.jsonl`), '旧');
  writeFileSync(path.join(folder, 'journal-1.jsonl'), HOLE);
  await openLog(t, { folder });
  const aside = readdirSync(folder)
    .filter((name) => name.startsWith('damaged'))
    .sort();
  assert.equal(aside.length, 8);
  assert.equal(readFileSync(path.join(folder, aside.at(-1) ?? ''), 'utf8'), HOLE);
  assert.equal(cell(besides(t, folder), 'SELECT count(*) FROM messages'), 1);
});
