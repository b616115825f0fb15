// 上传运行的测试支架: 真服务器与聊天连接, 一次运行, 内容的核对
import assert from 'node:assert/strict';
import { openAsBlob } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type Client, type Message, sendWindowed, sha256 } from '../../../src/test/client.js';
import { type serve, temporaryFolder } from '../../../src/test/harness.js';
import { assertPublished, begin, joined, randomBytes } from '../../../src/test/uploading.js';
import { NATIVE_BYTES } from '../../src/net/upload/file-hasher.js';
import { UploadRun } from '../../src/net/upload/upload-run.js';
import type {
  Checkpoint,
  Credentials,
  RunCommand,
  RunOutcome,
  RunReport,
} from '../../src/net/upload/worker-messages.js';
import type { Wire } from './wire.js';

/** serve 的设置: 测试只经支架认识服务器 */
export type ServerSettings = NonNullable<Parameters<typeof serve>[1]>;

export const CHUNK = 262_144;
// 不能一次读完, 也不是分片的整数倍
export const bytes = new Uint8Array(randomBytes(NATIVE_BYTES + 1_000_001));
export const file = new File([bytes], '片.mkv', { type: 'video/x-matroska' });
// 任一处失步之前, 路上至多四个分片
const FOUR_CHUNKS = { files: { chunkBytes: CHUNK, windowBytes: 4 * CHUNK } };

/** 页面: 加入聊天的连接, 与传输连接的地址 */
export interface Page {
  readonly client: Client;
  readonly ws: string;
  readonly port: number;
  readonly url: string;
}

export interface Finished {
  readonly outcome: RunOutcome;
  /** 最后报告的 */
  readonly credentials: Credentials | undefined;
  readonly checkpoint: Checkpoint | undefined;
  /** 每次 file_ready 的 offset */
  readonly offsets: readonly number[];
}

export async function open(t: TestContext, overrides: ServerSettings = {}): Promise<Page> {
  const { client, ws, port } = await joined(t, { ...FOUR_CHUNKS, ...overrides });
  return { client, ws, port, url: transferUrl(ws, client) };
}

export function transferUrl(ws: string, client: Client): string {
  return `${ws}/ws/transfer?session=${String(client.welcome['session'])}`;
}

export async function run(
  t: TestContext,
  wire: Wire,
  { url, ...command }: { readonly url: string } & Partial<RunCommand>,
): Promise<Finished> {
  const reports: RunReport[] = [];
  const outcome = await new Promise<RunOutcome>((resolve) => {
    const report = (message: RunReport): void => {
      reports.push(message);
      if (message.type === 'connecting') started.open(url);
      if (message.type === 'ended') resolve(message.outcome);
    };
    const ports = { connect: wire.connect, report, now: () => performance.now() };
    const started = new UploadRun(
      { type: 'run', runId: 'r', file, binary: true, instant: false, ...command },
      ports,
    );
    t.after(() => started.stop());
    started.start();
  });
  if (wire.fault !== undefined) throw wire.fault;
  const readies = reports.filter((one) => one.type === 'ready');
  const progress = reports.filter((one) => one.type === 'progress').at(-1);
  const offsets = readies.map(({ offset }) => offset);
  return { outcome, offsets, credentials: readies.at(-1)?.credentials, checkpoint: progress?.checkpoint };
}

/** 聊天室里看得到, 下载到的一字不差, 网页自己算的校验也对 */
export async function assertShared(client: Client, wire: Wire): Promise<void> {
  await assertPublished(await client.next('file'), bytes);
  assert.equal(wire.ended?.['sha256'], sha256(bytes));
}

/** 服务器已收下 heldBytes 的上传 */
export async function held(client: Client, heldBytes: number): Promise<Credentials> {
  const ready = await begin(client, { originalName: file.name, size: file.size });
  await sendWindowed(client, ready, bytes, { end: heldBytes });
  return credentialsOf(ready);
}

function credentialsOf({ uploadId, resumeToken }: Message): Credentials {
  return { uploadId: String(uploadId), resumeToken: String(resumeToken) };
}

/** 内容在磁盘上的 File: 与浏览器一样, 改动过就读不了 */
export async function fileOnDisk(t: TestContext): Promise<{ onDisk: string; file: File }> {
  const onDisk = path.join(await temporaryFolder(t), '片.mkv');
  await writeFile(onDisk, bytes);
  return { onDisk, file: new File([await openAsBlob(onDisk)], '片.mkv') };
}
