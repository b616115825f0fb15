// 一次网页上传: 新的 Chromium, 加入, 拖进一个文件, 直到房间里的另一个人收到它; web-large 与 desktop-large 共用
import type { Page } from 'playwright-core';
import { enter, partsOf } from '../../web/test/chat-page.js';
import { dropFiles } from '../../web/test/drop.js';
import { DetachableTab } from './detachable-tab.js';
import { type PageRecord, TAKE_RECORD } from './page-recorder.js';
import { type Usage, watchUsage } from './process-stats.js';
import type { ServerProcess } from './server-process.js';
import type { StorageFolder } from './storage-folder.js';
import { type HeapPeak, TabHeap } from './tab-heap.js';
import type { TestFile } from './test-file.js';
import { nowMs } from './upload-job.js';
import { type Announcement, verifyContent, watchFile } from './witness.js';

/** 放下之前让页面静一静 (毫秒): 加入时的任务不算进上传 */
export const SETTLE_MS = 1000;

/** 一次测量的场地 */
export interface Arena {
  /** 这一次运行自己的目录 */
  readonly work: string;
  readonly server: ServerProcess;
  readonly storage: StorageFolder;
  readonly file: TestFile;
}

export interface BrowserUpload {
  /** 从放下文件到广播 */
  readonly seconds: number;
  readonly same: boolean;
  readonly downloadSeconds: number;
  readonly heap: HeapPeak;
  readonly renderer: Usage;
  readonly server: Usage;
  readonly longestTaskMs: number;
  readonly longTasks: number;
  readonly longestFrameMs: number;
  /** 浏览器全部子进程的, 填入报告的 hiddenCpuSeconds */
  readonly browserCpuSeconds: number;
}

/** 副作用: 结束时删去服务器上的内容 */
export async function uploadFromBrowser(arena: Arena, userName: string): Promise<BrowserUpload> {
  const { work, server, storage, file } = arena;
  const witness = await watchFile(server);
  const tab = await DetachableTab.open(work, server.target);
  let browserCpuSeconds = 0;
  try {
    await enter(tab.page, userName);
    storage.warmMemory(file.bytes);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const { announcement, ...measured } = await dropAndWait(tab, arena, witness.announced);
    browserCpuSeconds = await tab.close();
    return { ...measured, ...(await verifyContent(server, announcement, file)), browserCpuSeconds };
  } finally {
    witness.close();
    if (browserCpuSeconds === 0) await tab.close();
    storage.deleteContent();
  }
}

/** playwright 使新的 Worker 停着等它放行: 放行之前就断开, Worker 永远不动, 一个字节也不会传 */
async function firstBytesMoved(page: Page): Promise<void> {
  const bar = partsOf(page).transfers.getByRole('progressbar');
  const element = await bar.elementHandle();
  await page.waitForFunction((shown) => (shown as HTMLProgressElement).value > 0, element);
}

async function dropAndWait(tab: DetachableTab, { server, file }: Arena, announced: Promise<Announcement>) {
  await tab.cdp.evaluate<PageRecord>(TAKE_RECORD);
  const heap = new TabHeap(tab.cdp);
  const rendererUsage = watchUsage(tab.rendererPid);
  const serverUsage = watchUsage(server.pid);
  const startedMs = nowMs();
  await dropFiles(tab.page, [file.path]);
  await firstBytesMoved(tab.page);
  // playwright 连着时, 每个分片都要编成 Base64 报给它: 实测使 Worker 的 CPU 加倍
  await tab.detach();
  const announcement = await Promise.race([announced, heap.failure()]).catch(async (error: unknown) => {
    const shown = await tab.cdp.evaluate<string>('document.body.innerText');
    throw new Error(`${(error as Error).message}; 网页上: ${shown}`);
  });
  const seconds = (announcement.atMs - startedMs) / 1000;
  const usage = { renderer: rendererUsage(), server: serverUsage(), heap: await heap.stop() };
  const { longTasks, frameGaps } = await tab.cdp.evaluate<PageRecord>(TAKE_RECORD);
  const longestTaskMs = Math.max(0, ...longTasks);
  const longestFrameMs = frameGaps.reduce((most, gap) => Math.max(most, gap), 0);
  return { ...usage, announcement, seconds, longestTaskMs, longTasks: longTasks.length, longestFrameMs };
}
