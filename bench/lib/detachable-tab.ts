// 能与 playwright 脱开的标签页: 登录与拖放用它, 测量期间只留一条直连的 CDP
//   open --detach()--> detached --close()--> closed
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ARGUMENTS } from '../../web/test/chromium.js';
import { Cdp } from './cdp.js';
import { installRecorder } from './page-recorder.js';
import { descendantSeconds } from './process-stats.js';
import { browserPath, findRenderer } from './tab.js';
import type { Target } from './target.js';

const START_MS = 30_000;

export class DetachableTab {
  readonly page: Page;
  readonly cdp: Cdp;
  readonly rendererPid: number;
  readonly #browser: Browser;
  readonly #child: ChildProcess;
  readonly #profile: string;

  private constructor(parts: Pick<DetachableTab, 'page' | 'cdp' | 'rendererPid'>, own: Own) {
    this.page = parts.page;
    this.cdp = parts.cdp;
    this.rendererPid = parts.rendererPid;
    this.#browser = own.browser;
    this.#child = own.child;
    this.#profile = own.profile;
  }

  /** 新的 Chromium (每次一个, 存储放在 work 里), 打开登录页并装好记录仪 */
  static async open(work: string, target: Target): Promise<DetachableTab> {
    const profile = join(work, 'chromium');
    mkdirSync(profile, { recursive: true });
    const child = spawnChromium(profile);
    const endpoint = await devToolsEndpoint(child);
    const browser = await chromium.connectOverCDP(endpoint);
    // 命令行打开的那一页: playwright 自己新建的, 断开时会一并关闭
    const page = browser.contexts()[0]!.pages()[0]!;
    await installRecorder(page);
    await page.goto(`http://${target.host}:${target.port}/`);
    const rendererPid = await findRenderer(browser, page);
    const cdp = await Cdp.connect(await pageEndpoint(page, endpoint));
    return new DetachableTab({ page, cdp, rendererPid }, { browser, child, profile });
  }

  /** playwright 断开; 页面照常运行 */
  async detach(): Promise<void> {
    await this.#browser.close();
  }

  /** 返回浏览器的子进程一共用了多少 CPU 秒 */
  async close(): Promise<number> {
    const seconds = descendantSeconds(this.#child.pid!);
    this.cdp.close();
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await gone;
    // 它的子进程可能还在收尾, 写着自己的文件
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    return seconds;
  }
}

interface Own {
  readonly browser: Browser;
  readonly child: ChildProcess;
  readonly profile: string;
}

function spawnChromium(profile: string): ChildProcess {
  const child = spawn(
    browserPath(),
    [
      ...ARGUMENTS,
      '--headless=new',
      // 容器里的 root 不能用沙盒; 页面都是自己的
      '--no-sandbox',
      // 0: 由系统选端口; 只听 127.0.0.1
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      '--window-size=1280,900',
      '--accept-lang=zh-CN',
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const killOnExit = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killOnExit);
  child.once('exit', () => process.off('exit', killOnExit));
  return child;
}

function devToolsEndpoint(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Chromium 没有启动')), START_MS);
    child.once('exit', () => reject(new Error('Chromium 启动后就退出了')));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      const endpoint = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (endpoint === undefined) return;
      clearTimeout(timer);
      resolve(endpoint);
    });
  });
}

async function pageEndpoint(page: Page, endpoint: string): Promise<string> {
  const session = await page.context().newCDPSession(page);
  const { targetInfo } = await session.send('Target.getTargetInfo');
  await session.detach();
  return `${new URL(endpoint).origin}/devtools/page/${targetInfo.targetId}`;
}
