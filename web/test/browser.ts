// 浏览器测试的入口: 每个测试文件一个 Chromium, 每个用户一个 context (各有各的存储)
import assert from 'node:assert/strict';
import { after, type TestContext } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { atEnd } from '../../src/test/harness.js';
import { launchChromium } from './chromium.js';
import { Complaints } from './complaints.js';

// 等不到就失败; 远大于正常的延迟, 不是计时断言
const WAIT_MS = 20_000;

export type Locale = 'zh-CN' | 'en-US';

export interface PageOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly locale?: Locale;
  readonly colorScheme?: 'light' | 'dark';
  /** 手机: 触摸, 视口按 meta viewport */
  readonly mobile?: boolean;
  /** 意料之中的抱怨 (异常, console.error, CSP 违例), 例如 NETWORK_DOWN */
  readonly allow?: readonly RegExp[];
}

const complaintsOf = new WeakMap<BrowserContext, Complaints>();
let shared: Promise<Browser> | undefined;

// 全部测试结束后关闭; 写在测试里的 after 只属于那个测试, 所以登记在最外层
after(async () => {
  await (await shared)?.close();
  process.on('beforeExit', exitAtOnce);
});

let idleRounds = 0;

// 自然退出时 Node 偶尔在清理句柄时空转不休 (nodejs/node#47748, 实测约十次一次, 事件循环已空);
// process.exit 不走那条路。先让一轮: 测试框架也在 beforeExit 里定退出码
function exitAtOnce(): void {
  idleRounds += 1;
  if (idleRounds > 1) process.exit();
  else setImmediate(() => undefined);
}

/** 这个测试文件共用的 Chromium, 第一次调用时启动。崩溃使当前的测试失败, 下一个测试得到新的 */
export async function launch(t: TestContext): Promise<Browser> {
  shared ??= start();
  const browser = await shared;
  atEnd(t, () => {
    if (browser.isConnected()) return;
    shared = undefined;
    assert.fail('Chromium 在测试期间退出了');
  });
  return browser;
}

/** 单独的 Chromium, 测试结束时关闭; 量内存或要特别的参数时用 */
export async function launchOwn(t: TestContext, extraArguments: readonly string[] = []): Promise<Browser> {
  const browser = await start(extraArguments);
  atEnd(t, () => browser.close());
  return browser;
}

/**
 * 新用户打开 url (新的 context, 存储与别人分开)。
 * 保证: 测试结束时检查没有意料之外的抱怨, 再关闭。同一用户的第二个标签页用 openTab。
 */
export async function openPage(
  t: TestContext,
  browser: Browser,
  url: string,
  options: PageOptions = {},
): Promise<Page> {
  const context = await browser.newContext(contextOptions(options));
  atEnd(t, () => context.close());
  context.setDefaultTimeout(WAIT_MS);
  const complaints = await Complaints.watch(context, options.allow ?? []);
  complaintsOf.set(context, complaints);
  atEnd(t, () => complaints.assertNone(context.pages()));
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** 同一用户再开一个标签页: 与 page 共用存储, 抱怨也算在一起 */
export async function openTab(page: Page, url: string): Promise<Page> {
  const tab = await page.context().newPage();
  await tab.goto(url);
  return tab;
}

/** 这个页面 (所在 context) 的抱怨; 在测试中途声明意料之中的用 complaints(page).allow(...) */
export function complaints(page: Page): Complaints {
  const found = complaintsOf.get(page.context());
  assert.ok(found, '页面不是用 openPage 打开的');
  return found;
}

function start(extraArguments: readonly string[] = []): Promise<Browser> {
  const executablePath = process.env['SLUICE_TEST_BROWSER'];
  assert.ok(executablePath, '没有 SLUICE_TEST_BROWSER: 请用 npm test -- 文件名 运行, 或自己设好浏览器的路径');
  return launchChromium(executablePath, extraArguments);
}

function contextOptions({ viewport, locale = 'zh-CN', colorScheme = 'light', mobile = false }: PageOptions) {
  return {
    locale,
    colorScheme,
    viewport: viewport ?? (mobile ? { width: 390, height: 844 } : { width: 1280, height: 800 }),
    isMobile: mobile,
    hasTouch: mobile,
  };
}
