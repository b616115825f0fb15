// 验收: 恰好上限大小的文件走三扇门, 内容逐字节相同; 多一个字节即被拒绝, 且磁盘上不留痕迹
import { hashDownload } from './lib/hash-download.js';
import { type Bench, FILE_CAP_BYTES, type Options } from './lib/options.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startSluice } from './lib/servers.js';
import { StorageFolder } from './lib/storage-folder.js';
import { ensureTestFile, type TestFile } from './lib/test-file.js';
import type { Door } from './lib/upload-job.js';
import { mustUpload, runUpload, type UploadVariant, uploadJob } from './lib/upload-round.js';

const DOORS: readonly Door[] = ['binary', 'base64', 'multipart'];
const MIB = 1024 * 1024;
/** 每次上传期间允许的内存峰值增长 (字节) */
const MAX_GROWTH_BYTES = 64 * MIB;
/** 被拒之后, 等服务器删去半成品的上限 (毫秒) */
const CLEANUP_MS = 5000;
/** 日志一类的小文件在此之内的增长不算残留 (字节) */
const LOG_GROWTH_BYTES = 1 * MIB;

interface Outcome {
  readonly row: readonly string[];
  readonly claims: readonly Claim[];
}

interface Refusal {
  readonly label: string;
  readonly door: Door;
  readonly variant: UploadVariant;
}

const REFUSALS: readonly Refusal[] = [
  { label: '二进制, 报出 +1 字节', door: 'binary', variant: { sendBytes: FILE_CAP_BYTES + 1 } },
  { label: 'Base64, 报出 +1 字节', door: 'base64', variant: { sendBytes: FILE_CAP_BYTES + 1 } },
  // 请求长度两倍于上限: 不必收完就该拒绝
  { label: 'multipart, 请求远超上限', door: 'multipart', variant: { sendBytes: FILE_CAP_BYTES * 2 } },
  {
    label: '二进制, 不报大小, 发 +1 字节',
    door: 'binary',
    variant: { sendBytes: FILE_CAP_BYTES + 1, announcedBytes: null },
  },
  {
    label: 'Base64, 不报大小, 发 +1 字节',
    door: 'base64',
    variant: { sendBytes: FILE_CAP_BYTES + 1, announcedBytes: null },
  },
  // 请求长度含分隔行与别的字段, 服务器无从知道文件多大: 只能数到越界的那个字节
  { label: 'multipart, 发 +1 字节', door: 'multipart', variant: { sendBytes: FILE_CAP_BYTES + 1 } },
];

export const largeBench: Bench = {
  name: 'large',
  about: '恰好 2684354560 字节走三扇门, 与多一个字节; 内容, 残留, 内存',
  expectedSeconds: 70,
  byDefault: true,
  accepts: { storage: '临时目录', url: true, pid: true, 'cpu-prof': true },
  run: runLargeBench,
};

async function runLargeBench(options: Options): Promise<Report> {
  const file = ensureTestFile(options.temp, FILE_CAP_BYTES);
  const storage = new StorageFolder(options, options.storage ?? options.work, 'sluice');
  const server = await startSluice(options, storage.path);
  try {
    const accepted: Outcome[] = [];
    for (const door of DOORS) accepted.push(await accept(server, door, file, storage));
    const refused: Outcome[] = [];
    for (const refusal of REFUSALS) refused.push(await refuse(server, refusal, file, storage));
    return report(accepted, refused);
  } finally {
    await server.stop();
    storage.remove();
  }
}

async function accept(
  server: ServerProcess,
  door: Door,
  file: TestFile,
  storage: StorageFolder,
): Promise<Outcome> {
  const { result, usage } = await mustUpload(server, uploadJob(server, door, file));
  const downloaded = await hashDownload(server, new URL(result.url ?? '').pathname);
  const same = downloaded.sha256 === file.sha256 && downloaded.bytes === file.bytes;
  const announced = result.sha256 === file.sha256;
  const growth = usage?.peakGrowthBytes ?? 0;
  storage.deleteContent();
  console.log(
    `${door}: ${(result.elapsedMs / 1000).toFixed(1)} s, 下载${same ? '相同' : '不同'}, 峰值增长 ${(growth / MIB).toFixed(0)} MiB`,
  );
  return {
    row: [
      door,
      (result.elapsedMs / 1000).toFixed(1),
      same ? '相同' : '不同',
      announced ? '相同' : '不同',
      (growth / MIB).toFixed(0),
      usage?.cpuSeconds.toFixed(2) ?? '未知',
    ],
    claims: [
      {
        text: `${door}: 下载的 SHA-256 与原文件相同`,
        value: same ? '相同' : '不同',
        passed: same && announced,
      },
      {
        text: `${door}: 内存峰值增长不超过 64 MiB`,
        value: `${(growth / MIB).toFixed(1)} MiB`,
        passed: usage !== undefined && growth <= MAX_GROWTH_BYTES,
      },
    ],
  };
}

async function refuse(
  server: ServerProcess,
  refusal: Refusal,
  file: TestFile,
  storage: StorageFolder,
): Promise<Outcome> {
  const before = storage.list();
  const { result, usage } = await runUpload(server, uploadJob(server, refusal.door, file, refusal.variant));
  const left = await leftovers(storage, before);
  const growth = usage?.peakGrowthBytes ?? 0;
  const code = result.outcome === 'file_too_large';
  console.log(`${refusal.label}: ${result.outcome}, 已发 ${result.sentBytes} 字节, 残留 ${left.length}`);
  storage.deleteContent();
  return {
    row: [
      refusal.label,
      result.outcome,
      String(result.sentBytes),
      left.length === 0 ? '无' : left.slice(0, 3).join(' '),
      (growth / MIB).toFixed(0),
    ],
    claims: [
      { text: `${refusal.label}: 以 file_too_large 拒绝`, value: result.outcome, passed: code },
      { text: `${refusal.label}: 磁盘上没有残留`, value: `${left.length} 处`, passed: left.length === 0 },
    ],
  };
}

/** 新出现的文件, 以及长大得超过日志所需的文件; 限期内等它们消失 */
async function leftovers(storage: StorageFolder, before: ReadonlyMap<string, number>): Promise<string[]> {
  const deadlineMs = performance.now() + CLEANUP_MS;
  for (;;) {
    const left = [...storage.list()].filter(([path, bytes]) => {
      const old = before.get(path);
      return old === undefined || bytes - old > LOG_GROWTH_BYTES;
    });
    if (left.length === 0 || performance.now() > deadlineMs)
      return left.map(([path, bytes]) => `${path} (${bytes})`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function report(accepted: readonly Outcome[], refused: readonly Outcome[]): Report {
  return {
    name: 'large',
    title: '2.5 GB 验收',
    tables: [
      {
        title: `恰好 ${FILE_CAP_BYTES} 字节`,
        header: ['门', '墙上时间 s', '下载的 SHA-256', '广播的 SHA-256', '内存峰值增长 MiB', '服务器 CPU s'],
        rows: accepted.map((outcome) => outcome.row),
      },
      {
        title: '超过上限',
        header: ['做法', '结果', '已发字节', '残留', '内存峰值增长 MiB'],
        rows: refused.map((outcome) => outcome.row),
      },
    ],
    claims: [...accepted, ...refused].flatMap((outcome) => outcome.claims),
    notes: [],
    raw: null,
  };
}
