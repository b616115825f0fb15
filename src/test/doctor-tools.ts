// 体检测试共用: 一个真的存储目录 (三个入口的文件, 一次没传完的上传), 与跑一次体检
import type { TestContext } from 'node:test';
import { runDoctor } from '../doctor/doctor.js';
import type { Report } from '../doctor/report.js';
import { type Message, sendWindowed } from './client.js';
import { temporaryFolder } from './harness.js';
import { publishOne } from './http-tools.js';
import { begin, fileFrame, finish, joined, randomBytes, share } from './uploading.js';

export interface Stored {
  readonly storage: string;
  /** 单帧, 分片, HTTP 各一个 */
  readonly files: readonly [Message, Message, Message];
  /** 没传完的 */
  readonly ready: Message;
}

/** 服务器已好好停下 */
export async function realStorage(t: TestContext): Promise<Stored> {
  const storage = await temporaryFolder(t);
  const { client, http, server } = await joined(t, { storage: { path: storage } });
  const single = await share(client, fileFrame('甲.bin', randomBytes(1000, 1)));
  const done = await begin(client, { size: 2000, originalName: '乙.bin' });
  await sendWindowed(client, done, randomBytes(2000, 2));
  const chunked = await finish(client, done);
  const posted = await publishOne(http, '丙.bin', randomBytes(3000, 3));
  const ready = await begin(client, { size: 4000, originalName: '丁.bin' });
  await sendWindowed(client, ready, randomBytes(1000, 4));
  client.send({ type: 'text', message: '你好, 水闸', clientId: '一句' });
  await client.next('ack');
  await server.stop();
  return { storage, files: [single, chunked, posted], ready };
}

export interface Examined {
  readonly code: number;
  readonly report: Report;
  readonly progress: readonly string[];
}

export async function examine(
  storage: string,
  flags: { readonly repair?: boolean; readonly hashes?: boolean } = {},
): Promise<Examined> {
  let printed = '{}';
  const progress: string[] = [];
  const code = await runDoctor({
    storage,
    repair: flags.repair ?? false,
    hashes: flags.hashes ?? false,
    json: true,
    print: (text) => {
      printed = text;
    },
    progress: (text) => progress.push(text),
  });
  return { code, report: JSON.parse(printed) as Report, progress };
}

/** 每处问题一行: "种类 所指" */
export function linesOf({ report }: Examined): string[] {
  return (report.findings ?? []).map(({ kind, subject }) => `${kind} ${subject}`).sort();
}
