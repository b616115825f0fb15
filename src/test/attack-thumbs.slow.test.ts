// 约 12 秒: 一个地址发来 70 张 6400 万像素的图, 逐张来要缩略图 (第 13 号的 A12): 别人的图片照样马上有缩略图
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import path from 'node:path';
import { it } from 'node:test';
import sharp from 'sharp';
import type { Message } from './client.js';
import { spawnServer, temporaryFolder } from './harness.js';
import { formHeaders, multipart } from './http-tools.js';

const PICTURES = 70;
const ATTACKER = '127.0.0.2';
const BYSTANDER = '127.0.0.9';

interface Answer {
  readonly status: number | undefined;
  readonly body: Buffer;
}

async function call(url: string, localAddress: string, body?: Buffer): Promise<Answer> {
  const headers = body === undefined ? {} : { ...formHeaders(), 'Content-Length': body.length };
  const asked = request(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    localAddress,
    agent: false,
  });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode, body: Buffer.concat(parts) };
}

async function publish(http: string, localAddress: string, name: string, data: Buffer): Promise<Message> {
  const form = multipart([{ data: name }, { fileName: 'a.png', data }]);
  const { status, body } = await call(`${http}/api/files`, localAddress, form);
  assert.equal(status, 201, body.toString());
  return JSON.parse(body.toString()).files[0];
}

function picture(edge: number): Promise<Buffer> {
  const create = { width: edge, height: edge, channels: 3 as const, background: '#37a' };
  return sharp({ create }).png({ compressionLevel: 1 }).toBuffer();
}

it('缩略图: 一个地址的 70 张大图排着队, 别人的图片, 大的小的, 都马上有缩略图', async (t) => {
  const { http, storage } = await spawnServer(t, await temporaryFolder(t), { SLUICE_TRUSTED_ADDRESSES: '' });
  const [huge, small, middle] = await Promise.all([picture(8000), picture(300), picture(3000)]);
  const flood: Message[] = [];
  // 一个地址同时至多 64 个上传
  while (flood.length < PICTURES) {
    const batch = Array.from({ length: 35 }, (_, index) => publish(http, ATTACKER, `甲${index}`, huge));
    flood.push(...(await Promise.all(batch)));
  }
  // 发布时没有轮到的, 逐张来要
  const saved = new Set(await readdir(path.join(storage, 'thumbs')));
  const late = flood.filter(({ id }) => !saved.has(`${id}.webp`));
  assert.ok(late.length > 20, `${late.length}`);
  let made = 0;
  const asked = Promise.all(
    late.map(async ({ thumbUrl }) => {
      const { status } = await call(String(thumbUrl), ATTACKER);
      if (status === 200) made += 1;
      return status;
    }),
  );
  for (const data of [small, middle, small, middle, small]) {
    const before = made;
    const { thumbUrl } = await publish(http, BYSTANDER, '乙', data);
    assert.equal((await call(String(thumbUrl), BYSTANDER)).status, 200);
    // 机器再忙也只等得到正在做的那一张, 与刚要开始的一张; 从前要等他的全部
    assert.ok(made - before <= 3, `等了 ${made - before} 张`);
  }
  const statuses = await asked;
  assert.ok(
    statuses.every((status) => status === 200 || status === 503),
    `${statuses}`,
  );
});
