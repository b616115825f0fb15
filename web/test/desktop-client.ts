// 桌面客户端的真窗口 (虚拟屏幕里的另一个进程), 由 JSON 行指挥; 测试与压测共用, 所以不认识测试框架
//   starting --窗口开好--> ready --close()--> closed;  进程自己退出或一条指令超时 --> 出错, 带上它的 stderr
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** 起虚拟屏幕与窗口 (毫秒) */
const START_MS = 30_000;
/** 一条指令缺省等多久 (毫秒); 平常几十毫秒 */
const WAIT_MS = 15_000;
/** 界面卡死时代理自己答不了: 比它的期限再多等这么久 (毫秒) */
const GRACE_MS = 5000;
/** 关窗口的期限 (毫秒); 客户端承诺 2 秒 */
const CLOSE_MS = 10_000;
/** stderr 留最后这么多字, 出错时给人看 */
const MAX_ERRORS = 20_000;

export interface DesktopOptions {
  /** 虚拟环境里的 python */
  readonly python: string;
  readonly url: string;
  readonly name: string;
  /** 续传记录放在哪里 */
  readonly folder: string;
}

/** 记录里看得见的一张预览: 像素, 以及屏幕上它正中的颜色 (#rrggbb) */
export interface ShownPicture {
  readonly width: number;
  readonly height: number;
  readonly color: string;
}

export interface DesktopTransfer {
  readonly name: string;
  readonly direction: 'up' | 'down';
  readonly size: number;
  readonly moved: number;
  readonly sha256: string;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly id: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class DesktopClient {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #errors = '';
  #lastId = -1;
  /** 一次一条: 用户也只有一双手 */
  #waiting: Waiting | undefined;
  #versions = { python: '', tk: '' };

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', resolve));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-MAX_ERRORS);
    });
    createInterface({ input: child.stdout! }).on('line', (line) =>
      this.#answered(JSON.parse(line) as Answer),
    );
    // close 晚于 exit: 那时 stderr 已读完。起不来时只有 error
    child.once('error', (error) => this.#fail(error.message));
    child.once('close', (code, signal) => this.#fail(`桌面客户端退出了 (${code ?? signal})`));
    // 它刚好退出时写不进去: 原因由 close 说
    child.stdin!.on('error', () => {});
  }

  /** 返回时窗口已经打开, 未必已经连上。错误: 起不来, 信息里有它的 stderr */
  static async start({ python, url, name, folder }: DesktopOptions): Promise<DesktopClient> {
    const { DISPLAY: _, ...kept } = process.env;
    const child = spawn(
      python,
      ['-m', 'python_client.tests.desktop_agent', '--url', url, '--name', name, '--folder', folder],
      // npm test 与 npm run bench 都在项目根启动。Linux 上总用自己的虚拟屏幕, 不打扰开发者的桌面
      { cwd: process.cwd(), env: process.platform === 'linux' ? kept : process.env },
    );
    const client = new DesktopClient(child);
    try {
      client.#versions = (await client.#next(START_MS)) as { python: string; tk: string };
      return client;
    } catch (error) {
      await client.kill();
      throw error;
    }
  }

  /** 客户端进程自己的 (不是虚拟屏幕的) */
  get pid(): number {
    return this.#child.pid!;
  }

  /** 例如 3.13.0 */
  get pythonVersion(): string {
    return this.#versions.python;
  }

  /** 等状态栏上是这句话, 例如 已连接 */
  async waitForStatus(text: string): Promise<void> {
    await this.#ask('status', { text });
  }

  /** 输入文字, 按回车; 返回输入框里剩下的 (发出了就是空的) */
  async say(text: string): Promise<string> {
    return (await this.#ask('say', { text })) as string;
  }

  /** 等记录里出现这几句, 自己的也都已送到; 返回全文 */
  async waitForLog(...contains: string[]): Promise<string> {
    return (await this.#ask('log', { contains })) as string;
  }

  /** 等在线用户恰是这些人 */
  async waitForPeople(...names: string[]): Promise<void> {
    await this.#ask('people', { names });
  }

  /** 按 "文件" 按钮选这些文件; 不等传完 */
  async sendFiles(...paths: string[]): Promise<void> {
    await this.#ask('sendFiles', { paths });
  }

  /** 等文件列表里有它; 返回整个列表, 新的在前 */
  async waitForFile(name: string): Promise<string[]> {
    return (await this.#ask('files', { name })) as string[];
  }

  /** 等记录里看得见的预览恰有这么多张 */
  async waitForPictures(count: number): Promise<ShownPicture[]> {
    return (await this.#ask('pictures', { count })) as ShownPicture[];
  }

  /** 右键文件列表里的 name, 另存为 path; 等到存好, 返回那一项传输 */
  async save(name: string, path: string): Promise<DesktopTransfer> {
    await this.#ask('save', { name, path });
    const transfers = await this.waitForTransfers(name, 'done');
    const saved = transfers.find(({ direction }) => direction === 'down');
    if (saved === undefined) throw new Error(`传输列表里没有 ${name} 的下载`);
    return saved;
  }

  /** 等叫这个名字的传输都到了这个状态; 失败的立即抛错, 说明原因 */
  async waitForTransfers(name: string, state: string, timeoutMs = WAIT_MS): Promise<DesktopTransfer[]> {
    return (await this.#ask('transfers', { name, state }, timeoutMs)) as DesktopTransfer[];
  }

  /** 双击文件列表的第一个; 返回浏览器会打开的网址 (不会真的打开) */
  async openFirstFile(): Promise<string> {
    return (await this.#ask('openFirst')) as string;
  }

  async screenshot(path: string): Promise<void> {
    await this.#ask('screenshot', { path });
  }

  /** 上次问过之后, 两次 10 毫秒的 after 之间最长隔了多久 (毫秒) */
  async takeLongestGapMs(): Promise<number> {
    return (await this.#ask('longestGap')) as number;
  }

  /** 点窗口的关闭按钮, 等进程结束。错误: 期间有回调出过错, 或留下了线程 */
  async close(): Promise<void> {
    await this.#ask('close', {}, CLOSE_MS);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS);
    await this.#exited;
    clearTimeout(timer);
    if (this.#child.exitCode !== 0) throw new Error(this.#explain('桌面客户端运行中出过错'));
  }

  /** 还活着就 kill -9; 可以重复调用 */
  async kill(): Promise<void> {
    // 没有起来的没有 pid, 也不会有 exit
    if (this.#child.pid === undefined) return;
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #ask(
    action: string,
    fields: Readonly<Record<string, unknown>> = {},
    timeoutMs = WAIT_MS,
  ): Promise<unknown> {
    const answer = this.#next(timeoutMs + GRACE_MS);
    this.#child.stdin!.write(`${JSON.stringify({ id: this.#lastId, do: action, timeoutMs, ...fields })}\n`);
    return answer;
  }

  #next(timeoutMs: number): Promise<unknown> {
    if (this.#waiting !== undefined) throw new Error('上一条指令还没有应答');
    if (this.#child.exitCode !== null || this.#child.signalCode !== null)
      throw new Error(this.#explain('桌面客户端已经退出'));
    this.#lastId += 1;
    const id = this.#lastId;
    const timer = setTimeout(() => this.#fail(`桌面客户端 ${timeoutMs} 毫秒内没有应答`), timeoutMs);
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting = { id, resolve, reject };
    });
    return answer.finally(() => clearTimeout(timer));
  }

  #answered({ id, value, error }: Answer): void {
    // 已经超时的
    if (this.#waiting?.id !== id) return;
    if (error !== undefined) this.#fail(error);
    else this.#settle().resolve(value);
  }

  #fail(reason: string): void {
    if (this.#waiting !== undefined) this.#settle().reject(new Error(this.#explain(reason)));
  }

  #settle(): Waiting {
    const waiting = this.#waiting!;
    this.#waiting = undefined;
    return waiting;
  }

  #explain(reason: string): string {
    return this.#errors === '' ? reason : `${reason}\n--- 它的 stderr:\n${this.#errors}`;
  }
}
