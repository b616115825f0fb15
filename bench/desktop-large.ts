// 桌面客户端与网页并排: 恰好上限大小的文件由网页, 窗口, 命令行各发一遍, 再由命令行收下; 内容, 速度, 内存, 界面的反应
import { type Arena, type BrowserUpload, uploadFromBrowser } from './lib/browser-upload.js';
import { desktopLargeReport, type Round } from './lib/desktop-large-report.js';
import {
  type DesktopRun,
  receiveFromCommand,
  type SendRun,
  sendFromCommand,
  uploadFromWindow,
  type WindowRun,
} from './lib/desktop-runs.js';
import { fileSystemOf } from './lib/machine.js';
import { type Bench, FILE_CAP_BYTES, type Options } from './lib/options.js';
import type { Report } from './lib/report.js';
import { startSluice } from './lib/servers.js';
import { fastStorage, StorageFolder } from './lib/storage-folder.js';
import { ensureTestFile } from './lib/test-file.js';

const MB = 1e6;

/** 一轮里逐步填满 */
interface Steps {
  web?: BrowserUpload;
  window?: WindowRun;
  commands?: { readonly send: SendRun; readonly receive: DesktopRun };
}

export const desktopLargeBench: Bench = {
  name: 'desktop-large',
  about: '桌面客户端收发 2.5 GB, 与网页并排',
  expectedSeconds: 420,
  byDefault: false,
  accepts: { rounds: 5, storage: '/dev/shm (空闲 16 GiB 以上时), 否则临时目录', 'cpu-prof': true },
  run: runDesktopLargeBench,
};

async function runDesktopLargeBench(options: Options): Promise<Report> {
  // recv 取历史里的第一个文件: 房间须是空的
  if (options.url !== undefined) throw new Error('desktop-large 每次测量都要新的服务器, 不能用 --url');
  // 收下的写真磁盘: 用户的文件夹在那里
  const inbox = new StorageFolder(options, options.work, 'received');
  try {
    const rounds: Round[] = [];
    for (let index = 0; index < options.rounds; index += 1) {
      rounds.push(await measure(options, inbox, index));
      console.log(`第 ${index + 1} 轮: ${describeRound(rounds.at(-1)!)}`);
    }
    const storage = fileSystemOf(options.storage ?? fastStorage(options.work));
    return desktopLargeReport(rounds, { storage, inbox: fileSystemOf(inbox.path) });
  } finally {
    inbox.remove();
  }
}

/** 网页, 窗口, 命令行; 下一轮倒过来 */
async function measure(options: Options, inbox: StorageFolder, index: number): Promise<Round> {
  const name = (what: string): string => `${what}${process.pid}-${index}`;
  const done: Steps = {};
  const steps: ((arena: Arena) => Promise<void>)[] = [
    async (arena) => {
      done.web = await uploadFromBrowser(arena, name('网页'));
    },
    async (arena) => {
      done.window = await uploadFromWindow(arena, name('窗口'));
    },
    async (arena) => {
      const send = await sendFromCommand(arena, name('发送'));
      done.commands = { send, receive: await receiveFromCommand(arena, name('接收'), inbox) };
    },
  ];
  for (const step of index % 2 === 0 ? steps : steps.reverse()) await withServer(options, step);
  return { web: done.web!, window: done.window!, ...done.commands! };
}

/** 每次测量一台新的服务器: 房间的历史是空的 */
async function withServer(options: Options, run: (arena: Arena) => Promise<void>): Promise<void> {
  const file = ensureTestFile(options.temp, FILE_CAP_BYTES);
  const storage = new StorageFolder(options, options.storage ?? fastStorage(options.work), 'sluice');
  const server = await startSluice(options, storage.path);
  try {
    await run({ work: options.work, server, storage, file });
  } finally {
    await server.stop();
    storage.deleteContent();
    storage.remove();
  }
}

function describeRound({ web, window, send, receive }: Round): string {
  const speed = ({ seconds }: { readonly seconds: number }): string =>
    `${seconds.toFixed(1)} s (${(FILE_CAP_BYTES / MB / seconds).toFixed(0)} MB/s)`;
  const peaks = [window, send, receive].map(({ peakBytes }) => (peakBytes / MB).toFixed(0)).join(', ');
  const same = [web, window, send, receive].every((run) => run.same);
  return (
    `网页 ${speed(web)}, 窗口 ${speed(window)}, send ${speed(send)}, recv ${speed(receive)}, ` +
    `内存峰值 ${peaks} MB, 窗口最长的间隔 ${window.longestGapMs.toFixed(0)} ms, 内容${same ? '相同' : '不同'}`
  );
}
