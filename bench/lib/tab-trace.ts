// --cpu-prof 时记下浏览器的时间线 (含 JavaScript 采样), 可在 DevTools 的 Performance 面板里打开
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';

const CATEGORIES = [
  'devtools.timeline',
  'disabled-by-default-devtools.timeline',
  'v8.execute',
  'disabled-by-default-v8.cpu_profiler',
  'blink.user_timing',
  'loading',
];

/** 返回停止并写出; 陷阱: 采样本身占 CPU, 同一次运行的数字偏悲观 */
export async function traceTab(browser: Browser, temp: string): Promise<() => Promise<void>> {
  const folder = join(temp, 'profiles');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `web-load-${process.pid}.json`);
  await browser.startTracing(undefined, { path, categories: CATEGORIES });
  return async () => {
    await browser.stopTracing();
    console.log(`浏览器的时间线: ${path}`);
  };
}
