// 搜索: 词都要有, 引号连着, 全角与附加符号不计, from: has: before: after:; WebSocket 与 HTTP 同样
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';

type Fields = Readonly<Record<string, unknown>>;

const TEXTS = [
  '评审改到三楼的会议室',
  '会议室空着',
  '评审 会议室 都订好了',
  'Café 在一楼, 密码 ＡＢＣ123',
  '资料在 https://example.com/a',
];

async function room(t: TestContext) {
  const { ws, http } = await serve(t, { chat: { messagesPerSecond: 0 } });
  const writer = await Client.join(t, `${ws}/ws`, '李雷');
  for (const message of TEXTS) writer.send({ type: 'text', message });
  const other = await Client.join(t, `${ws}/ws`, '张 三');
  other.send({ type: 'text', message: '会议室的评审我不去' });
  other.send({ type: 'file', originalName: '评审记录.pdf', filedata: 'eA==' });
  await other.next('file');
  await other.settle();
  let count = 0;
  const search = async (fields: Fields): Promise<Message> => {
    count += 1;
    writer.send({ type: 'search', ref: `s${count}`, ...fields });
    return writer.next((message) => message['ref'] === `s${count}`);
  };
  const texts = async (query: string, fields: Fields = {}): Promise<unknown[]> => {
    const { messages } = await search({ query, ...fields });
    return (messages as Message[]).map((found) => found['message'] ?? found['originalName']);
  };
  return { http, search, texts };
}

describe('搜索的写法', () => {
  it('空白隔开的词都要有, 次序与远近不限; 引号 (中文的也行) 里的要连着', async (t) => {
    const { texts } = await room(t);
    assert.deepEqual(await texts('评审 会议室'), ['会议室的评审我不去', TEXTS[2], TEXTS[0]]);
    assert.deepEqual(await texts('会议室\u3000评审 订'), [TEXTS[2]]);
    assert.deepEqual(await texts('"评审 会议室"'), [TEXTS[2]]);
    assert.deepEqual(await texts('\u201c评审 会议室\u201d'), [TEXTS[2]]);
    assert.deepEqual(await texts('会议室 四楼'), []);
  });

  it('cafe 找得到 Café, 全角与半角, 大写与小写是同一个', async (t) => {
    const { texts } = await room(t);
    for (const query of ['cafe', 'CAFÉ', 'cafe\u0301', 'ｃａｆｅ', 'abc123', 'ＡＢＣ']) {
      assert.deepEqual(await texts(query), [TEXTS[3]], query);
    }
  });

  it('from: has: before: after: 可以与词合用, 也可以单独用; 看不懂的是普通的词', async (t) => {
    const { texts } = await room(t);
    assert.deepEqual(await texts('from:李雷 评审'), [TEXTS[2], TEXTS[0]]);
    assert.deepEqual(await texts('from：李雷'), [...TEXTS].reverse());
    assert.deepEqual(await texts('from:"张 三"'), ['评审记录.pdf', '会议室的评审我不去']);
    assert.deepEqual(await texts('has:file 评审'), ['评审记录.pdf']);
    assert.deepEqual(await texts('has:document'), ['评审记录.pdf']);
    assert.deepEqual(await texts('has:image'), []);
    assert.deepEqual(await texts('has:link'), [TEXTS[4]]);
    // 两边都按给出的时区, 相差一分钟就隔着零点
    const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    assert.equal((await texts(`before:${day} 会议室`, { utcOffset: 0 })).length, 4);
    assert.deepEqual(await texts(`after:${day} 会议室`, { utcOffset: 0 }), []);
    assert.deepEqual(await texts('before:2020 会议室'), []);
    assert.deepEqual(await texts('before:下周'), []);
    assert.deepEqual(await texts('https://example'), [TEXTS[4]]);
  });

  it('坏的参数指出是哪一个; HTTP 与 WebSocket 的结果相同', async (t) => {
    const { http, search } = await room(t);
    const bad: Fields[] = [
      { utcOffset: 841 },
      { utcOffset: 1.5 },
      { group: 'x' },
      { kind: 'text' },
      { from: ' ' },
    ];
    for (const fields of bad) {
      const answer = await search({ query: '会', ...fields });
      assert.deepEqual([answer['code'], answer['field']], ['invalid_field', Object.keys(fields)[0]]);
    }
    const query = new URLSearchParams({ query: 'from:李雷 cafe after:2020-01-01', utcOffset: '-300' });
    const { messages } = (await (await fetch(`${http}/api/search?${query}`)).json()) as {
      messages: Message[];
    };
    assert.deepEqual(
      messages.map(({ message }) => message),
      [TEXTS[3]],
    );
  });
});
