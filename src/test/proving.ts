// 秒传测试共用: 客户端一侧的应答
import assert from 'node:assert/strict';
import { type Client, type Message, sha256 } from './client.js';
import { begin } from './uploading.js';

export interface Range {
  readonly offset: number;
  readonly length: number;
}

export function rangesOf(challenge: Message): Range[] {
  return challenge['ranges'] as Range[];
}

/** 真有 data 的人会怎么答 */
export function answer(challenge: Message, data: Uint8Array): object {
  const hashes = rangesOf(challenge).map(({ offset, length }) =>
    sha256(data.subarray(offset, offset + length)),
  );
  return { type: 'file_proof', uploadId: challenge['uploadId'], hashes };
}

/** 该上传的抽查; 先到错误则报错 */
export async function challenged(client: Client, { uploadId }: Message): Promise<Message> {
  const message = await client.next(
    (m) => (m.type === 'file_challenge' && m['uploadId'] === uploadId) || m['ref'] === uploadId,
  );
  assert.equal(message.type, 'file_challenge', JSON.stringify(message));
  return message;
}

/** 带散列开始, 答对抽查, 等 file_done; 一个字节也不传 */
export async function sendInstantly(
  client: Client,
  data: Uint8Array,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Message> {
  const ready = await begin(client, { size: data.byteLength, sha256: sha256(data), ...fields });
  client.send(answer(await challenged(client, ready), data));
  return client.next((m) => m.type === 'file_done' && m['uploadId'] === ready['uploadId']);
}
