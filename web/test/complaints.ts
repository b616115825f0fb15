// 页面的抱怨: 未捕获的异常, console.error, 内容安全策略的违例, 崩溃; 测试结束时必须一条不剩
import assert from 'node:assert/strict';
import type { BrowserContext, Page } from 'playwright-core';

// 页面里的名字; 只有测试用
const REPORT = 'sluiceTestReport';
// 出错循环的页面不能把测试的内存占满
const MAX_ENTRIES = 1000;

/** 断线与停机期间浏览器自己写的错误; 杀服务器, 切连接的测试用它作 allow */
export const NETWORK_DOWN: readonly RegExp[] = [
  /net::ERR_(?:CONNECTION_\w+|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|NETWORK_\w+|INTERNET_DISCONNECTED|INCOMPLETE_CHUNKED_ENCODING|CONTENT_LENGTH_MISMATCH)/,
  /WebSocket connection to '.*' failed/,
];

export class Complaints {
  readonly #entries: string[] = [];
  readonly #allowed: RegExp[];

  private constructor(allowed: readonly RegExp[]) {
    this.#allowed = [...allowed];
  }

  /** 须在打开页面之前调用; 同一 context 里以后打开的页面也在内 */
  static async watch(context: BrowserContext, allowed: readonly RegExp[]): Promise<Complaints> {
    const complaints = new Complaints(allowed);
    const add = (entry: string): void => complaints.#add(entry);
    context.on('weberror', (error) => add(`异常: ${error.error().stack ?? error.error().message}`));
    context.on('console', (message) => {
      if (message.type() === 'error') add(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('page', (page) => page.on('crash', () => add(`崩溃: ${page.url()}`)));
    await context.exposeFunction(REPORT, (violation: string) => add(`CSP: ${violation}`));
    await context.addInitScript(reportViolations, REPORT);
    return complaints;
  }

  /** 从此刻起允许符合 pattern 的抱怨; 之前已有的也一并算作允许 */
  allow(...patterns: RegExp[]): void {
    this.#allowed.push(...patterns);
  }

  /** 没有被允许的; 先等页面把已经发生的都送到 */
  async unexpected(pages: readonly Page[]): Promise<string[]> {
    for (const page of pages) await flush(page);
    return this.#entries.filter((entry) => !this.#allowed.some((pattern) => pattern.test(entry)));
  }

  async assertNone(pages: readonly Page[]): Promise<void> {
    assert.deepEqual(await this.unexpected(pages), [], '页面有意料之外的错误');
  }

  #add(entry: string): void {
    if (this.#entries.length < MAX_ENTRIES) this.#entries.push(entry);
  }
}

// 在页面里运行, 早于页面自己的脚本
function reportViolations(report: string): void {
  document.addEventListener('securitypolicyviolation', (event) => {
    const send = (window as unknown as Record<string, (text: string) => void>)[report];
    send?.(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
}

// 一来一回: 同一个调试会话里事件按次序到达。违例的事件在任务里派发, 所以在页面里让出一次
async function flush(page: Page): Promise<void> {
  if (page.isClosed()) return;
  const settled = page.evaluate(() => new Promise<void>((resolve) => setTimeout(resolve, 0)));
  // 崩溃或正在跳转的页面答不了; 它的抱怨已经另外记下
  await settled.catch((error: unknown) => assert.match(String(error), /crash|closed|navigat|destroyed/i));
}
