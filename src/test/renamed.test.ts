// 清理改了文件名: 每个入口的应答都说出最后的名字, 改了的还说原来是什么; 广播只有最后的名字
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { serve, spawnServer, temporaryFolder } from './harness.js';
import { post } from './http-tools.js';
import { sendInstantly } from './proving.js';
import { begin, finish, joined, randomBytes, resume } from './uploading.js';

const FREE = { chat: { messagesPerSecond: 0 } };
const FAMILY = '\u{1F468}\u200d\u{1F469}\u200d\u{1F467}\u200d\u{1F466}';
// [发送者给的, 最后的]; 相同的不该说改过
const NAMES: readonly (readonly [string, string])[] = [
  ['报告 "终".txt', '报告 _终_.txt'],
  ['反\\斜.txt', '反_斜.txt'],
  ['C:\\Users\\张三\\报告.pdf', '报告.pdf'],
  ['../../etc/passwd', 'passwd'],
  ['账单\u202egpj.txt', '账单_gpj.txt'],
  ['.gitignore', '.gitignore'],
  ['CON.txt', 'CON.txt'],
  [`${FAMILY}.png`, `${FAMILY}.png`],
  // 只差 Unicode 的写法: 看上去一样, 不算改
  ['cafe\u0301.txt', 'caf\u00e9.txt'],
];
const DATA = randomBytes(3000);

function assertTold(answer: Message, [raw, originalName]: readonly [string, string]): void {
  assert.equal(answer['originalName'], originalName, JSON.stringify(answer));
  const changed = raw.normalize('NFC') !== originalName;
  assert.equal(answer['renamedFrom'], changed ? raw : undefined, JSON.stringify(answer));
}

async function sendFrame(client: Client, originalName: string, clientId: string): Promise<Message> {
  client.send({ type: 'file', clientId, originalName, filedata: DATA.toString('base64') });
  return client.next((m) => m['clientId'] === clientId || m['ref'] === clientId);
}

test('改名: 单帧的 ack, 分片的 file_ready 与 file_done, 秒传的 file_done 都告诉发送者', async (t) => {
  const { client } = await joined(t, FREE);
  for (const [index, pair] of NAMES.entries()) {
    const [originalName] = pair;
    assertTold(await sendFrame(client, originalName, `f${index}`), pair);
    const ready = await begin(client, { originalName, size: DATA.length });
    assertTold(ready, pair);
    await sendWindowed(client, ready, DATA);
    assertTold(await finish(client, ready), pair);
    assertTold(await sendInstantly(client, DATA, { originalName }), pair);
  }
  await client.settle();
  const heard = client.of('file');
  assert.deepEqual(
    heard.map((file) => file['originalName']),
    NAMES.flatMap(([, name]) => [name, name, name]),
  );
  // 基础的帧没有多出字段
  assert.ok(heard.every((file) => !('renamedFrom' in file)));
});

test('改名: 文字的 ack 没有名字', async (t) => {
  const { client } = await joined(t, FREE);
  client.send({ type: 'text', name: '张三', message: '你好', clientId: 'm' });
  const ack = await client.next('ack');
  assert.deepEqual(Object.keys(ack), ['type', 'clientId', 'id', 'seq', 'time']);
});

test('改名: multipart 的 201 逐个说', async (t) => {
  const { http } = await serve(t, FREE);
  // 引号与反斜线在 multipart 里要转义, 另有测试
  const plain = NAMES.filter(([raw]) => !/["\\]/.test(raw));
  const files = plain.map(([fileName]) => ({ fileName, data: DATA }));
  const response = await post(http, [{ data: '张三' }, ...files]);
  assert.equal(response.status, 201);
  const body = (await response.json()) as { files: Message[] };
  for (const [index, pair] of plain.entries()) assertTold(body.files[index] as Message, pair);
});

test('改名: 没收到应答而重发的单帧, 断线后续传的分片仍告诉, 服务器重启之后也是', async (t) => {
  const storage = await temporaryFolder(t);
  const pair = NAMES[0] as readonly [string, string];
  const first = await spawnServer(t, storage);
  const client = await Client.join(t, first.ws, '张三');
  const session = client.welcome['session'];
  assertTold(await sendFrame(client, pair[0], 'f'), pair);
  assertTold(await sendFrame(client, pair[0], 'f'), pair);
  const ready = await begin(client, { originalName: pair[0], size: DATA.length });
  await sendWindowed(client, ready, DATA, { end: 1000 });
  await first.kill();
  const second = await spawnServer(t, storage);
  const again = await Client.join(t, second.ws, '张三', { session });
  assertTold(await sendFrame(again, pair[0], 'f'), pair);
  const resumed = await resume(again, ready);
  assertTold(resumed, pair);
  await sendWindowed(again, resumed, DATA);
  assertTold(await finish(again, resumed), pair);
  // 完成之后再续传: 没收到 file_done 的也知道
  const other = await Client.join(t, second.ws, '李四');
  const settled = await resume(other, ready);
  assertTold(settled, pair);
  assertTold(await finish(other, settled), pair);
});

test('改名: 原名里的孤立代理项与过长的原名不会弄坏应答', async (t) => {
  const { client, http } = await joined(t, FREE);
  const ack = await sendFrame(client, '坏\ud800.txt', 'f');
  assert.deepEqual([ack['originalName'], ack['renamedFrom']], ['坏_.txt', '坏\ufffd.txt']);
  const long = `${'长'.repeat(2000)}.txt`;
  const response = await post(http, [{ data: '李四' }, { fileName: long, data: DATA }]);
  const [file] = ((await response.json()) as { files: Message[] }).files;
  assert.equal(file?.['originalName'], `${'长'.repeat(65)}.txt`);
  assert.ok(String(file?.['renamedFrom']).length <= 1024);
});
