// 被测的标签页: 一个真 Chromium 里的一页, 连同它的渲染进程
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../../web/test/chromium.js';
import { installRecorder } from './page-recorder.js';
import { cpuSeconds, descendantSeconds } from './process-stats.js';
import type { Target } from './target.js';

/** 页面里的等待上限 (毫秒): 机器饱和时也够 */
const WAIT_MS = 60_000;
/** 认出渲染进程时让页面空转多久 (毫秒), 至多几次 */
const SPIN_MS = 300;
const MAX_SPINS = 20;

export interface Tab {
  readonly page: Page;
  readonly rendererPid: number;
  close(): Promise<void>;
}

export function startBrowser(): Promise<Browser> {
  return launchChromium(browserPath());
}

/** 错误: scripts/bench.mjs 没有给出浏览器 */
export function browserPath(): string {
  const executablePath = process.env['SLUICE_TEST_BROWSER'];
  if (executablePath !== undefined && executablePath !== '') return executablePath;
  throw new Error(
    '没有浏览器: 请用 npm run bench -- web-large, web-load 或 desktop-large 运行, 或以 SLUICE_TEST_BROWSER 指明 Chromium 的路径',
  );
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

/**
 * 浏览器自己的界面也有渲染进程, 刚启动时它们也忙: 让这一页空转, 直到某个进程的 CPU 时间涨得与空转相当而别的都不动。
 * 错误: 试了几次仍分不清。
 */
export async function findRenderer(browser: Browser, page: Page): Promise<number> {
  for (let attempt = 0; attempt < MAX_SPINS; attempt += 1) {
    const before = await rendererSeconds(browser);
    await page.evaluate(spin, SPIN_MS);
    const spent = [...(await rendererSeconds(browser))]
      .map(([pid, seconds]) => ({ pid, seconds: seconds - (before.get(pid) ?? 0) }))
      .sort((left, right) => right.seconds - left.seconds);
    const [first, second] = spent;
    if (first !== undefined && first.seconds > 4 * (second?.seconds ?? 0)) return first.pid;
  }
  throw new Error('没有认出页面的渲染进程: 机器太忙, 请稍后再试');
}

/** 在页面里运行 */
function spin(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** 至今的渲染, 网络等进程的 CPU 秒数, 含已关闭的页面; 关闭浏览器之前读, 填入报告的 hiddenCpuSeconds */
export async function browserChildrenSeconds(browser: Browser): Promise<number> {
  const main = (await processes(browser)).find(({ type }) => type === 'browser');
  return main === undefined ? 0 : descendantSeconds(main.id);
}

async function rendererSeconds(browser: Browser): Promise<Map<number, number>> {
  const renderers = (await processes(browser)).filter(({ type }) => type === 'renderer');
  // SystemInfo 也给 cpuTime, 但它不是每次都刷新
  return new Map(renderers.map(({ id }) => [id, cpuSeconds(id)]));
}

async function processes(browser: Browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo;
}
