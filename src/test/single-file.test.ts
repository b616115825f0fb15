// 单帧文件 (协议第 4 节): 真实客户端的各种写法都收下, 字节不变; 拒绝的不留痕迹
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from './client.js';
import { serve, storedFiles } from './harness.js';
import { assertPublished, fileFrame, frame, joined, randomBytes, share } from './uploading.js';

const KIB = 1024;

test('单帧: 各种长度逐字节不变, 摘要与下载一致', async (t) => {
  const { client } = await joined(t, { chat: { messagesPerSecond: 0 } });
  for (const length of [0, 1, 2, 3, 4, 5, 255, 256 * KIB - 1, 256 * KIB, 256 * KIB + 1, 3_000_001]) {
    const data = randomBytes(length, length + 1);
    await assertPublished(await share(client, fileFrame('数据.bin', data)), data);
  }
});

test('单帧: 广播的字段齐全, 名字清理, 链接以 UUID 命名', async (t) => {
  const { client } = await joined(t);
  const data = Buffer.from('%PDF-1.7 内容');
  const file = await share(client, fileFrame('C:\\临时\\报告 (终稿).PDF', data));
  assert.equal(file['name'], '张三');
  assert.equal(file['originalName'], '报告 (终稿).PDF');
  assert.equal(file['mimeType'], 'application/pdf');
  assert.match(String(file['url']), /^http:\/\/127\.0\.0\.1:\d+\/files\/[0-9a-f-]{36}\.pdf$/);
  assert.ok(String(file['url']).includes(String(file['id'])));
  assert.equal(typeof file['seq'], 'number');
  assert.equal(typeof file['time'], 'number');
  assert.equal(file['thumbUrl'], undefined);
  await assertPublished(file, data);
});

test('单帧: 键的次序, 空白, 未知字段都不影响', async (t) => {
  const { client } = await joined(t);
  const data = randomBytes(1000);
  const filedata = `"${data.toString('base64')}"`;
  const orders = [
    { filedata, originalName: '"a.bin"', type: '"file"', name: '"张三"' },
    { type: '"file"', filedata, name: '"张三"', originalName: '"a.bin"' },
    {
      name: '"张三"',
      extra: '{"filedata":"!!","list":[1,{"a":null}]}',
      originalName: '"a.bin"',
      filedata,
      type: '"file"',
    },
  ];
  for (const fields of orders) {
    await assertPublished(await share(client, frame(fields)), data);
    await assertPublished(await share(client, frame(fields, ' \t\r\n ')), data);
  }
});

test('单帧: data 前缀, 有无填充, 转义的斜杠与加号, 换行都认得', async (t) => {
  const { client } = await joined(t, { chat: { messagesPerSecond: 0 } });
  // 含足够多的 / 与 +, 长度模 3 余 1, 末尾有填充
  const data = Buffer.concat([Buffer.from([0]), Buffer.alloc(300, 0xfb), Buffer.alloc(300, 0xff)]);
  const base64 = data.toString('base64');
  const lines = base64.replace(/.{76}/g, '$&\r\n');
  const forms = [
    base64,
    base64.replace(/=+$/, ''),
    base64.replaceAll('/', '\\/'),
    base64.replaceAll('+', '\\u002b').replaceAll('=', '\\u003D'),
    lines.replaceAll('\r\n', '\\r\\n'),
    lines.replaceAll('\r\n', '\\n'),
    `data:application/octet-stream;base64,${base64}`,
    `data:text\\/plain;charset=utf-8;base64,${base64.replaceAll('/', '\\/')}`,
    `DATA:;BASE64,${base64}`,
  ];
  for (const form of forms) {
    const raw = frame({ type: '"file"', name: '"张三"', originalName: '"a.bin"', filedata: `"${form}"` });
    await assertPublished(await share(client, raw), data);
  }
});

test('单帧: 文件名里的转义还原成中文与表情', async (t) => {
  const { client } = await joined(t);
  const name = '"\\u62a5\\u544a \\uD83D\\uDE00 \\"x\\".txt"';
  const file = await share(
    client,
    frame({ type: '"file"', name: '"张三"', originalName: name, filedata: '"aGk="' }),
  );
  assert.equal(file['originalName'], '报告 😀 _x_.txt');
});

test('单帧: 坏字符, 坏填充, 坏前缀得到带 ref 的 base64_invalid, 磁盘上什么也没有', async (t) => {
  const { client, storage } = await joined(t, { chat: { messagesPerSecond: 0 } });
  const good = randomBytes(90_000).toString('base64');
  const bad = [
    'a',
    'aGk*',
    'aG-_',
    'aGk=aGk=',
    'aGk==',
    '====',
    '中文',
    'aGk%3D',
    `${good.slice(0, 60_000)}!${good.slice(60_001)}`,
    `${good}#`,
    'data:text/plain,aGk=',
    'data:;base64',
    'aG\\tk=',
  ];
  for (const [index, form] of bad.entries()) {
    const clientId = `坏-${index}`;
    client.sendRaw(
      frame({ type: '"file"', clientId: `"${clientId}"`, originalName: '"a.bin"', filedata: `"${form}"` }),
    );
    const error = await client.error('base64_invalid');
    assert.equal(error['ref'], clientId, form.slice(0, 40));
    assert.equal(error['retryable'], false);
  }
  await client.settle();
  assert.deepEqual(await storedFiles(storage), []);
  assert.equal(client.of('file').length, 0);
});

test('单帧: 缺字段或类型不对得到 invalid_field, 连接仍在', async (t) => {
  const { client, storage } = await joined(t);
  const bodies = [
    { originalName: '"a.bin"' },
    { filedata: '"aGk="' },
    { originalName: '5', filedata: '"aGk="' },
    { originalName: '"a.bin"', filedata: '5' },
    { originalName: '"a.bin"', filedata: 'null' },
    { originalName: '"a.bin"', data: '"aGk="' },
    { originalName: '"a.bin"', filedata: '"aGk="', clientId: '""' },
  ];
  for (const fields of bodies) {
    client.sendRaw(frame({ type: '"file"', name: '"张三"', ...fields }));
    await client.error('invalid_field');
  }
  assert.deepEqual(await storedFiles(storage), []);
  await share(client, fileFrame('a.bin', randomBytes(5)));
});

test('单帧: 没有加入过的连接, 以消息里的 name 加入并分享', async (t) => {
  const { ws } = await serve(t);
  const client = await Client.open(t, ws);
  const file = await share(client, fileFrame('a.bin', randomBytes(10)));
  assert.equal(client.welcome['name'], '张三');
  assert.equal(file['name'], '张三');
});

test('单帧: 恰好到帧上限的收下, 多一字节的拒绝并提示分片, 不留文件', async (t) => {
  const frameBytes = 64 * KIB;
  const { client, storage } = await joined(t, { files: { frameBytes } });
  const wrap = (filedata: string): string =>
    frame({ type: '"file"', name: '"张三"', originalName: '"a.bin"', filedata: `"${filedata}"` });
  const room = frameBytes - Buffer.byteLength(wrap(''));
  const data = randomBytes(Math.floor(room / 4) * 3);
  const exact = wrap(`${data.toString('base64')}`);
  // 余下的零头用 JSON 的空白补齐
  const padded = exact.replace('{', `{${' '.repeat(frameBytes - Buffer.byteLength(exact))}`);
  assert.equal(Buffer.byteLength(padded), frameBytes);
  await assertPublished(await share(client, padded), data);
  const before = await storedFiles(storage);
  client.sendRaw(padded.replace('{', '{ '));
  const error = await client.error('frame_too_large');
  assert.equal(error['limit'], frameBytes);
  assert.match(String(error['message']), /file_start/);
  assert.equal((await client.close()).code, 1009);
  assert.deepEqual(await storedFiles(storage), before);
});

test('单帧: 文件上限同样逐字节生效', async (t) => {
  const { client, storage } = await joined(t, { files: { fileBytes: 1000 } });
  const data = randomBytes(1000);
  await assertPublished(await share(client, fileFrame('a.bin', data)), data);
  const before = await storedFiles(storage);
  client.send({
    type: 'file',
    originalName: 'a.bin',
    clientId: 'c1',
    filedata: randomBytes(1001).toString('base64'),
  });
  const error = await client.error('file_too_large');
  assert.equal(error['limit'], 1000);
  assert.equal(error['ref'], 'c1');
  assert.deepEqual(await storedFiles(storage), before);
});

test('单帧: 带 clientId 的得到一个 ack; 重发得到同一个 ack, 不再广播', async (t) => {
  const { client, storage } = await joined(t);
  const message = { type: 'file', clientId: 'f1', originalName: 'a.bin', filedata: 'aGVsbG8=' };
  client.send(message);
  // 第一次还没有应答就重发: 也只收一份
  client.send(message);
  const first = await client.next('ack');
  const second = await client.next('ack');
  client.send(message);
  const third = await client.next('ack');
  assert.deepEqual(second, first);
  assert.deepEqual(third, first);
  const files = client.of('file');
  assert.equal(files.length, 1);
  assert.equal(first['id'], files[0]?.['id']);
  assert.equal(first['seq'], files[0]?.['seq']);
  assert.equal((await storedFiles(storage)).filter((name) => name.startsWith('files/')).length, 1);
});

test('单帧: 失败的 clientId 可以用正确的内容再试', async (t) => {
  const { client } = await joined(t);
  client.send({ type: 'file', clientId: 'f1', originalName: 'a.bin', filedata: '***' });
  assert.equal((await client.error('base64_invalid'))['ref'], 'f1');
  client.send({ type: 'file', clientId: 'f1', originalName: 'a.bin', filedata: 'aGVsbG8=' });
  assert.equal((await client.next('ack'))['clientId'], 'f1');
});
