// 被测的标签页: 一个真 Chromium 里的一页, 连同它的渲染进程
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../../web/test/chromium.js';
import { installRecorder } from './page-recorder.js';
import type { Target } from './target.js';

/** 页面里的等待上限 (毫秒): 机器饱和时也够 */
const WAIT_MS = 60_000;
/** 认出渲染进程时让页面空转多久 (毫秒) */
const SPIN_MS = 300;

export interface Tab {
  readonly page: Page;
  readonly rendererPid: number;
  close(): Promise<void>;
}

/** 错误: scripts/bench.mjs 没有给出浏览器 */
export function startBrowser(): Promise<Browser> {
  const executablePath = process.env['SLUICE_TEST_BROWSER'];
  if (executablePath === undefined || executablePath === '') {
    throw new Error(
      '没有浏览器: 请用 npm run bench -- web-large 或 web-load 运行, 或以 SLUICE_TEST_BROWSER 指明 Chromium 的路径',
    );
  }
  return launchChromium(executablePath);
}

/** 新的用户 (存储与别人分开) 打开登录页, 装好记录仪 */
export async function openTab(browser: Browser, target: Target): Promise<Tab> {
  const context: BrowserContext = await browser.newContext({
    locale: 'zh-CN',
    viewport: { width: 1280, height: 800 },
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  await installRecorder(page);
  await page.goto(`http://${target.host}:${target.port}/`);
  return { page, rendererPid: await findRenderer(browser, page), close: () => context.close() };
}

/** 浏览器自己的界面也有渲染进程: 让这一页空转, 谁的 CPU 时间涨得最多就是谁 */
async function findRenderer(browser: Browser, page: Page): Promise<number> {
  const before = await rendererSeconds(browser);
  await page.evaluate((spinMs) => {
    const endMs = performance.now() + spinMs;
    while (performance.now() < endMs);
  }, SPIN_MS);
  const spent = [...(await rendererSeconds(browser))].map(
    ([pid, seconds]) => [pid, seconds - (before.get(pid) ?? 0)] as const,
  );
  spent.sort(([, left], [, right]) => right - left);
  if (spent[0] === undefined) throw new Error('没有找到页面的渲染进程');
  return spent[0][0];
}

async function rendererSeconds(browser: Browser): Promise<Map<number, number>> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return new Map(
    processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]),
  );
}
