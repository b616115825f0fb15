// 页面占多少内存: JavaScript 堆 (CDP), 渲染进程的 RSS (Linux)
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';

/** 回收之后仍在用的 JavaScript 堆, 字节; 不含 Blob 与 ArrayBuffer 的内容 (那些看 RSS) */
export async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  // 先回收, 否则量到的是垃圾
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

/**
 * 最大的渲染进程的 RSS, 字节; 只在 Linux 上可用, 别处为 undefined。
 * 共用的浏览器里有别的页面, 所以要配合 launchOwn。
 */
export async function rendererRssBytes(browser: Browser): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  return Math.max(...(await Promise.all(renderers.map(({ id }) => rssBytes(id)))));
}

async function rssBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? '0';
  return Number(kibibytes) * 1024;
}
