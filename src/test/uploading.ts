// 文件测试共用: 可重现的数据, 开始与续传, 下载核对
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ConfigOverrides } from '../config.js';
import { Client, type Message, sha256 } from './client.js';
import { serve } from './harness.js';

/** 由种子决定的伪随机字节 (xorshift32): 同一种子同一内容, 失败可以重现 */
export function randomBytes(length: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed * 2654435761 + 1;
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  // 首字节固定为 0: 随机内容不会碰巧是 MZ 或 #!
  const bytes = Buffer.from(words.buffer, 0, length);
  if (length > 0) bytes[0] = 0;
  return bytes;
}

/** 由种子决定的 [0, 1) 随机数 (mulberry32) */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

let nextClientId = 1;

/** file_start, 等它自己的 file_ready; 被拒绝则报错 */
export async function begin(
  client: Client,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Message> {
  const clientId = fields['clientId'] ?? `c${nextClientId++}`;
  client.send({ type: 'file_start', originalName: 'a.bin', encoding: 'binary', ...fields, clientId });
  const ready = await client.next((m) => m['clientId'] === clientId || m['ref'] === clientId);
  assert.equal(ready.type, 'file_ready', JSON.stringify(ready));
  return ready;
}

/** 凭 file_ready 续传, 等新的 file_ready */
export function resume(client: Client, { uploadId, resumeToken }: Message): Promise<Message> {
  return begin(client, { uploadId, resumeToken });
}

/** file_end, 等 file_done */
export async function finish(
  client: Client,
  { uploadId }: Message,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Message> {
  client.send({ type: 'file_end', uploadId, ...fields });
  const done = await client.next((m) =>
    m['uploadId'] === uploadId && m.type === 'file_done' ? true : m.type === 'error' && m['ref'] === uploadId,
  );
  assert.equal(done.type, 'file_done', JSON.stringify(done));
  return done;
}

/** 该上传的应答到达 offset */
export async function acknowledged(client: Client, { uploadId }: Message, offset: number): Promise<void> {
  await client.next(
    (m) => m.type === 'file_ack' && m['uploadId'] === uploadId && Number(m['offset']) >= offset,
  );
}

export async function download(url: unknown): Promise<Buffer> {
  const response = await fetch(String(url));
  assert.equal(response.status, 200, String(url));
  return Buffer.from(await response.arrayBuffer());
}

/** file 或 file_done 所说的与下载到的都等于 data */
export async function assertPublished(file: Message, data: Uint8Array): Promise<void> {
  assert.equal(file['size'], data.byteLength);
  assert.equal(file['sha256'], sha256(data));
  // 比摘要而不是逐字节: 不等时不必打印几十 MB
  assert.equal(sha256(await download(file['url'])), sha256(data), '下载到的内容不同');
}

/** 单帧文件, 手工拼帧: fields 里的值已是 JSON 文本, 次序照写 */
export function frame(fields: Readonly<Record<string, string>>, space = ''): string {
  const members = Object.entries(fields).map(([key, value]) => `"${key}"${space}:${space}${value}`);
  return `{${space}${members.join(`${space},${space}`)}${space}}`;
}

/** 发一帧, 等到它的广播 */
export async function share(client: Client, raw: string): Promise<Message> {
  client.sendRaw(raw);
  const reply = await client.next((m) => m.type === 'file' || m.type === 'error');
  assert.equal(reply.type, 'file', JSON.stringify(reply));
  return reply;
}

/** 一个普通的单帧 */
export function fileFrame(originalName: string, data: Uint8Array): string {
  const filedata = Buffer.from(data).toString('base64');
  return JSON.stringify({ type: 'file', name: '张三', originalName, filedata });
}

/** 起一个服务器并以 '张三' 加入 */
export async function joined(
  t: TestContext,
  overrides: ConfigOverrides = {},
): Promise<Awaited<ReturnType<typeof serve>> & { client: Client }> {
  const running = await serve(t, overrides);
  return { ...running, client: await Client.join(t, running.ws, '张三') };
}
