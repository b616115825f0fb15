// 名字归谁: 形近与保留的进不来, 断线的留一会儿, 没有令牌不能以在线的人的名义上传
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';
import { errorCode, eventually, formHeaders, multipart, type Part, post, publish } from './http-tools.js';
import { isLeave } from './presence-tools.js';

// 各在一个地址; 都不受信任
const HOME = { localAddress: '127.0.0.2' };
const ELSEWHERE = { localAddress: '127.0.0.3' };
const STRANGERS = { server: { trustedAddresses: [] } };
const PEOPLE = { features: ['batch'] };

/** 以这个名字加入, 返回 welcome 或 error */
async function tryJoin(
  t: TestContext,
  ws: string,
  join: { readonly name: string; readonly session?: unknown; readonly features?: readonly string[] },
  from = ELSEWHERE,
): Promise<Message> {
  const client = await Client.open(t, ws, from);
  client.send({ type: 'user_update', action: 'join', ...join });
  return client.next(({ type }) => type === 'welcome' || type === 'error');
}

/** 断开, 等到别人看见他离开: 服务器已经处理 */
async function drop(client: Client, name: string, observer: Client): Promise<void> {
  client.socket.terminate();
  await observer.next(isLeave(name));
}

function form(name: string): Part[] {
  return [{ data: name }, { fileName: 'a.txt', data: 'x'.repeat(64) }];
}

/** 由 from 那个地址发出的 POST /api/files, 返回状态码 */
async function postFrom(http: string, name: string, from: object): Promise<number | undefined> {
  const sent = request(`${http}/api/files`, { method: 'POST', headers: formHeaders(), ...from });
  sent.end(multipart(form(name)));
  const [answer] = await once(sent, 'response');
  await text(answer);
  return answer.statusCode;
}

test('名字: 形近, 带着看不见的字符, 混用文字与保留的, 都不能与 Alice 同在', async (t) => {
  const { ws } = await serve(t, STRANGERS);
  await Client.join(t, ws, 'Alice', PEOPLE, HOME);
  for (const name of ['AIice', 'Ａlice', 'A1ice', 'ALICE']) {
    assert.equal((await tryJoin(t, ws, { name }))['code'], 'name_taken', name);
  }
  for (const name of [
    'Alice\u2800',
    'Alice\u{1d159}',
    'Ali\ufff9ce',
    'Аlice',
    'Al\u200aice',
    'Ali\u200dce',
  ]) {
    assert.equal((await tryJoin(t, ws, { name }))['code'], 'name_invalid', JSON.stringify(name));
  }
  for (const name of ['系统', 'admin', '水闸', '[系统]', 'ＡＤＭＩＮ']) {
    const refused = await tryJoin(t, ws, { name });
    assert.deepEqual([refused['code'], refused['reserved']], ['name_taken', 1], name);
  }
  assert.equal((await tryJoin(t, ws, { name: '小明Ming' })).type, 'welcome');
});

test('断线: 名字留给他的令牌, 别人拿不走并得知多久; 他自己随时回来; 说了 leave 的立刻空出', async (t) => {
  const { ws } = await serve(t, STRANGERS);
  const observer = await Client.join(t, ws, '旁观者', {}, ELSEWHERE);
  const alice = await Client.join(t, ws, 'Alice', PEOPLE, HOME);
  const session = alice.welcome['session'];
  await drop(alice, 'Alice', observer);
  for (const from of [HOME, ELSEWHERE]) {
    const refused = await tryJoin(t, ws, { name: 'AIice' }, from);
    assert.equal(refused['code'], 'name_taken');
    assert.ok(Number(refused['retryAfterMs']) > 100_000 && Number(refused['retryAfterMs']) <= 120_000);
  }
  const back = await Client.join(t, ws, 'Alice', { ...PEOPLE, session }, ELSEWHERE);
  back.send({ type: 'user_update', action: 'leave' });
  await observer.next(isLeave('Alice'));
  assert.equal((await tryJoin(t, ws, { name: 'Alice' })).type, 'welcome');
});

test('断线: 基础客户端没有令牌, 名字留给它的地址', async (t) => {
  const { ws } = await serve(t, STRANGERS);
  const observer = await Client.join(t, ws, '旁观者', {}, ELSEWHERE);
  await drop(await Client.join(t, ws, '张三', {}, HOME), '张三', observer);
  assert.equal((await tryJoin(t, ws, { name: '张三' }, ELSEWHERE))['code'], 'name_taken');
  assert.equal((await tryJoin(t, ws, { name: '张三' }, HOME)).type, 'welcome');
});

test('断线: 到期之后名字空出', async (t) => {
  const { ws } = await serve(t, { ...STRANGERS, chat: { nameHoldMs: 1 } });
  const observer = await Client.join(t, ws, '旁观者', {}, ELSEWHERE);
  await drop(await Client.join(t, ws, 'Alice', PEOPLE, HOME), 'Alice', observer);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((await tryJoin(t, ws, { name: 'Alice' })).type, 'welcome');
});

test('断线: 一个地址留着的名字有上限, 让出的是它自己最早的, 别人的还在', async (t) => {
  const { ws } = await serve(t, { ...STRANGERS, address: { heldNames: 2 } });
  const observer = await Client.join(t, ws, '旁观者', {}, ELSEWHERE);
  const victim = { localAddress: '127.0.0.4' };
  await drop(await Client.join(t, ws, 'Alice', PEOPLE, victim), 'Alice', observer);
  for (const name of ['甲', '乙', '丙'])
    await drop(await Client.join(t, ws, name, PEOPLE, HOME), name, observer);
  const codes = [];
  for (const name of ['Alice', '甲', '乙', '丙']) codes.push((await tryJoin(t, ws, { name }))['code']);
  assert.deepEqual(codes, ['name_taken', undefined, 'name_taken', 'name_taken']);
});

test('会话满了: 走的是离线的会话最多的地址里最早的, 别人的令牌还有效', async (t) => {
  const { ws, http } = await serve(t, { ...STRANGERS, chat: { maxSessions: 6, maxMembers: 6 } });
  const observer = await Client.join(t, ws, '旁观者', {}, ELSEWHERE);
  const alice = await Client.join(t, ws, 'Alice', PEOPLE, { localAddress: '127.0.0.4' });
  const bearer = { Authorization: `Bearer ${String(alice.welcome['session'])}` };
  await drop(alice, 'Alice', observer);
  for (let index = 0; index < 12; index += 1) {
    const name = `bot${index}`;
    await drop(await Client.join(t, ws, name, PEOPLE, HOME), name, observer);
  }
  const answer = await post(http, form('不看'), bearer);
  assert.equal(answer.status, 201, await answer.clone().text());
});

test('上传: 在线的人, 刚断线的人的名字, 没有他的令牌得到 name_taken, 说明怎样带上; 带着的照常', async (t) => {
  const { ws, http } = await serve(t, STRANGERS);
  const observer = await Client.join(t, ws, '旁观者', {}, ELSEWHERE);
  const alice = await Client.join(t, ws, 'Alice', PEOPLE, HOME);
  const bearer = { Authorization: `Bearer ${String(alice.welcome['session'])}` };
  const refused = await post(http, form('AIice'));
  assert.equal(refused.status, 409);
  assert.match(await refused.clone().text(), /Authorization: Bearer/);
  assert.equal(await errorCode(refused), 'name_taken');
  assert.equal(await errorCode(await post(http, form('系统'))), 'name_taken');
  assert.equal((await post(http, form('随便'), bearer)).status, 201);
  await drop(alice, 'Alice', observer);
  assert.equal(await errorCode(await post(http, form('Alice'))), 'name_taken');
  assert.equal((await post(http, form('随便'), bearer)).status, 201);
  assert.equal((await publish(http, [{ fileName: 'b.txt', data: 'y' }], '李四')).length, 1);
});

test('上传: 自己的名字被别人拿走之后, 旧令牌不能再以它署名', async (t) => {
  const { ws, http } = await serve(t, { ...STRANGERS, chat: { nameHoldMs: 0 } });
  const observer = await Client.join(t, ws, '旁观者', {}, ELSEWHERE);
  const first = await Client.join(t, ws, 'Alice', PEOPLE, HOME);
  const bearer = { Authorization: `Bearer ${String(first.welcome['session'])}` };
  await drop(first, 'Alice', observer);
  await Client.join(t, ws, 'Alice', PEOPLE, ELSEWHERE);
  assert.equal(await errorCode(await post(http, form('随便'), bearer)), 'name_taken');
});

test('上传: 正在以一个名字上传时, 别的地址不能加入成它; 同一个地址的可以', async (t) => {
  const { ws, http, storage } = await serve(t, STRANGERS);
  const body = multipart(form('张三'));
  const sent = request(`${http}/api/files`, {
    ...{ method: 'POST', headers: { ...formHeaders(), 'Content-Length': body.length }, ...HOME },
  });
  const answered = once(sent, 'response');
  sent.write(body.subarray(0, body.length - 8));
  await eventually('文件段已经到了', async () =>
    (await readdir(storage, { recursive: true })).some((file) => file.endsWith('.part')),
  );
  assert.equal((await tryJoin(t, ws, { name: '张三' }))['code'], 'name_taken');
  assert.equal((await tryJoin(t, ws, { name: '张三' }, HOME)).type, 'welcome');
  assert.equal(await postFrom(http, '张三', ELSEWHERE), 409);
  sent.end(body.subarray(body.length - 8));
  const [answer] = await answered;
  assert.equal(answer.statusCode, 201);
  await text(answer);
});
