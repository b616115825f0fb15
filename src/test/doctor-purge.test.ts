// 体检 --purge: 一个地址 (网段) 或名字自某时起发的收得回来; 先试行, 有副本, 别人的与后来的一条不少
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'libsql';
import { runPurge } from '../doctor/purge.js';
import { parseSince, parseTarget } from '../doctor/purge-target.js';
import { Client, type Message } from './client.js';
import { examine, linesOf } from './doctor-tools.js';
import { serve, spawnServer, storedFiles, temporaryFolder } from './harness.js';
import { cell, untilIndexed } from './history-tools.js';
import { begin, fileFrame, randomBytes, share } from './uploading.js';

const ATTACKER = { localAddress: '127.0.0.2' };
const VICTIM = { localAddress: '127.0.0.3' };

interface Purged {
  readonly code: number;
  readonly summary: Readonly<Record<string, unknown>>;
  readonly progress: readonly string[];
}

async function purge(storage: string, target: string, apply: boolean, since = '1h'): Promise<Purged> {
  let printed = '{}';
  const progress: string[] = [];
  const code = await runPurge({
    ...{ storage, purge: target, since, apply, json: true },
    print: (text) => {
      printed = text;
    },
    progress: (text) => progress.push(text),
  });
  return { code, summary: JSON.parse(printed) as Purged['summary'], progress };
}

interface Flooded {
  readonly storage: string;
  readonly epoch: unknown;
  /** 攻击者的文件, 与别人带着同样内容的一个 */
  readonly theirs: Message;
  readonly shared: Message;
}

/** 受害者说 1 与 4 与 (与攻击者同样内容的) 文件 5, 攻击者说 2, 发文件 3, 再说 6, 另有一个没传完的 */
async function flooded(t: TestContext): Promise<Flooded> {
  const storage = await temporaryFolder(t);
  const { ws, server } = await serve(t, { storage: { path: storage }, server: { trustedAddresses: [] } });
  const victim = await Client.join(t, ws, '小红', {}, VICTIM);
  const attacker = await Client.join(t, ws, '洪水', {}, ATTACKER);
  const say = async (client: Client, message: string): Promise<void> => {
    client.send({ type: 'text', message, clientId: message });
    await client.next('ack');
  };
  await say(victim, '早上好');
  await say(attacker, '买房找我');
  const theirs = await share(attacker, fileFrame('广告.bin', randomBytes(5000, 1)));
  await say(victim, '别理他');
  const shared = await share(victim, fileFrame('同样的.bin', randomBytes(5000, 1)));
  await say(attacker, '再说一遍');
  await begin(attacker, { size: 4000, originalName: '没传完.bin' });
  const { epoch } = victim.welcome;
  await server.stop();
  return { storage, epoch, theirs, shared };
}

const nameOf = (message: Message): string => path.basename(new URL(String(message['url'])).pathname);

test('试行: 说清要清除什么, 什么也不改', async (t) => {
  const { storage } = await flooded(t);
  const before = await storedFiles(storage);
  const { code, summary } = await purge(storage, '127.0.0.2', false);
  assert.equal(code, 0);
  const { target, texts, files, fileBytes, uploads, names } = summary;
  assert.deepEqual(
    { target, texts, files, fileBytes, uploads, names },
    { target: '地址 127.0.0.2', texts: 2, files: 1, fileBytes: 5000, uploads: 1, names: { 洪水: 3 } },
  );
  assert.deepEqual(await storedFiles(storage), before);
  assert.deepEqual(linesOf(await examine(storage)), []);
});

test('按地址清除: 文字, 文件与没传完的都没有了, 别人的连同同样内容的文件一个不少; 体检没有问题, 副本在一旁', async (t) => {
  const again = await flooded(t);
  const one = await purge(again.storage, '127.0.0.2', true);
  assert.deepEqual([one.code, one.summary['texts'], one.summary['files']], [0, 2, 1]);
  const box = path.join(again.storage, String(one.summary['kept']));
  assert.ok(existsSync(path.join(box, 'history', 'messages.db')));
  assert.deepEqual(readdirSync(path.join(box, 'files')), [nameOf(again.theirs)]);
  assert.equal(readdirSync(path.join(box, 'partial')).length, 2);
  assert.deepEqual(linesOf(await examine(again.storage)), []);
  const { ws, http } = await serve(t, { storage: { path: again.storage } });
  const client = await Client.join(t, ws, '小明', { features: [] });
  // 编号不换: 开着的网页不会以为历史丢了
  assert.equal(client.welcome['epoch'], again.epoch);
  // seq 不回退: 最后一条是清除掉的也不再用一次
  assert.equal(client.welcome['seq'], 6);
  const page = (await client.next('history'))['messages'] as Message[];
  assert.deepEqual(
    page.map(({ seq }) => seq),
    [1, 4, 5],
  );
  client.send({ type: 'text', message: '又清静了', clientId: 'q' });
  assert.equal((await client.next('ack'))['seq'], 7);
  client.send({ type: 'history', after: 1, limit: 10, ref: 'a' });
  const after = (await client.next((m) => m['ref'] === 'a'))['messages'] as Message[];
  assert.deepEqual(
    after.map(({ seq }) => seq),
    [4, 5, 7],
  );
  client.send({ type: 'search', query: '买房', ref: 's' });
  assert.deepEqual((await client.next((m) => m['ref'] === 's'))['messages'], []);
  const status = async (file: Message): Promise<number> =>
    (await fetch(http + new URL(String(file['url'])).pathname)).status;
  assert.deepEqual([await status(again.theirs), await status(again.shared)], [404, 200]);
});

test('按名字清除; 再来一次没有要清除的', async (t) => {
  const { storage } = await flooded(t);
  assert.equal((await purge(storage, '洪水', true)).summary['texts'], 2);
  const again = await purge(storage, '洪水', true);
  assert.deepEqual([again.code, again.summary['texts'], again.summary['kept']], [0, 0, undefined]);
  assert.deepEqual(linesOf(await examine(storage)), []);
});

test('编进索引的也清得掉: 搜索索引与数据库的文件里都没有那些字了', { timeout: 60_000 }, async (t) => {
  const storage = await temporaryFolder(t);
  const first = await serve(t, { storage: { path: storage }, chat: { messagesPerSecond: 0 } });
  const attacker = await Client.join(t, first.ws, '洪水', {}, ATTACKER);
  for (let count = 1; count <= 1200; count += 1)
    attacker.send({ type: 'text', message: `XYZZYQ ${count}`, clientId: `${count}` });
  await attacker.next((m) => m['clientId'] === '1200' && m.type === 'ack');
  const file = path.join(storage, 'history', 'messages.db');
  const database = new Database(file, { timeout: 5000 });
  await untilIndexed(database, 1000);
  database.close();
  await first.server.stop();
  assert.equal((await purge(storage, '洪水', true)).code, 0);
  const left = new Database(file);
  t.after(() => left.close());
  assert.equal(cell(left, "SELECT count(*) FROM message_terms WHERE term LIKE '%yzz%'"), 0);
  assert.equal(cell(left, 'SELECT count(*) FROM messages'), 0);
});

test('kill -9 之后留在预写文件里的也清得掉', async (t) => {
  const storage = await temporaryFolder(t);
  const server = await spawnServer(t, storage);
  const attacker = await Client.join(t, server.ws, '洪水', {}, ATTACKER);
  for (let count = 0; count < 10; count += 1) attacker.send({ type: 'text', message: `${count}` });
  await attacker.next((m) => m['message'] === '9');
  const gone = new Promise((resolve) => server.child.once('exit', resolve));
  server.child.kill('SIGKILL');
  await gone;
  assert.equal((await purge(storage, '127.0.0.2', true)).summary['texts'], 10);
  assert.deepEqual(linesOf(await examine(storage)), []);
});

test('服务器正在运行, 没有给 --since, 或写得不对: 一行说清, 什么也不做', async (t) => {
  const { storage } = await flooded(t);
  const bad = await purge(storage, '127.0.0.2', true, '昨天');
  assert.equal(bad.code, 2);
  assert.match(String(bad.progress[0]), /--since 认不出/);
  await spawnServer(t, storage);
  assert.equal((await purge(storage, '127.0.0.2', true)).code, 2);
});

test('地址的写法: IPv4, IPv6 (到 /64), 网段, 其余是名字; 时刻可以写成多久以前', () => {
  const hits = (text: string, address: string | undefined, name = ''): boolean =>
    parseTarget(text).matches(name, address);
  assert.ok(hits('2001:db8::5', '2001:db8:0:0') && !hits('2001:db8::5', '2001:db8:0:1'));
  assert.ok(hits('2001:db8::/32', '2001:db8:9:1') && !hits('2001:db8::/32', '192.0.2.1'));
  assert.ok(hits('192.0.2.0/24', '192.0.2.9') && !hits('192.0.2.0/24', undefined));
  assert.ok(hits('张三', undefined, '张三') && !hits('张三', '192.0.2.1', '李四'));
  assert.throws(() => parseTarget('192.0.2.0/33'), /网段/);
  assert.equal(parseSince('2h', 10_000_000), 2_800_000);
  assert.throws(() => parseSince('2999-01-01', 0), /将来/);
});
