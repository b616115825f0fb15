// 一次 python -m python_client send 或 recv: 逐行读它的输出, 记下每行到来的时刻与那时的用量
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type OwnUsage, ownUsage } from './process-stats.js';
import { nowMs } from './upload-job.js';

/** 等一行, 等结束的限期 (毫秒) */
const WAIT_MS = 300_000;
/** 读内存峰值的间隔 (毫秒): 进程结束之后就读不到了, 最后一次至多早这么久 */
const SAMPLE_MS = 50;
/** 留着给错误信息的行数, 两路各算 */
const MAX_LINES = 1000;

/** 错误: scripts/bench.mjs 没有给出 Python */
export function pythonPath(): string {
  const path = process.env['SLUICE_TEST_PYTHON'];
  if (path !== undefined && path !== '') return path;
  throw new Error(
    '没有 Python: 请用 npm run bench -- desktop-large 运行, 或以 SLUICE_TEST_PYTHON 指明虚拟环境里的 python',
  );
}

/** 输出的一行 */
export interface Line {
  readonly text: string;
  /** nowMs */
  readonly atMs: number;
  /** 那时进程的用量 */
  readonly usage: OwnUsage;
}

interface Watcher {
  readonly part: string;
  readonly found: (line: Line) => void;
  readonly failed: (error: Error) => void;
}

export class PythonProcess {
  readonly #child: ChildProcess;
  readonly #lines: Line[] = [];
  readonly #gone: Promise<number | null>;
  #watcher: Watcher | undefined;
  #usage: OwnUsage = { cpuSeconds: 0, peakBytes: 0 };

  private constructor(child: ChildProcess) {
    this.#child = child;
    const sampling = setInterval(() => this.#sample(), SAMPLE_MS);
    const killOnExit = (): void => {
      child.kill('SIGKILL');
    };
    process.once('exit', killOnExit);
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream }).on('line', (text) => this.#read(text));
    this.#gone = new Promise((resolve, reject) => {
      child.once('error', reject);
      // close 晚于 exit: 输出都已读完
      child.once('close', resolve);
    });
    const ended = (): void => {
      clearInterval(sampling);
      process.off('exit', killOnExit);
      this.#watcher?.failed(new Error(`Python 客户端提前结束: ${this.#tail()}`));
    };
    this.#gone.then(ended, ended);
  }

  /** args 是 python -m python_client 之后的; 外面的 SLUICE_CLIENT_* 不算数 */
  static start(args: readonly string[]): PythonProcess {
    const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_CLIENT_'));
    // scripts/bench.mjs 总在项目根启动压测
    const child = spawn(pythonPath(), ['-m', 'python_client', ...args], {
      env: Object.fromEntries(kept),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new PythonProcess(child);
  }

  /** stdout 或 stderr 上含 part 的第一行; 一次只能等一行。错误: 结束了也没有, 或超时 */
  async line(part: string): Promise<Line> {
    const seen = this.#lines.find(({ text }) => text.includes(part));
    if (seen !== undefined) return seen;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Line>((found, failed) => {
        const late = (): void => failed(new Error(`没有等到 ${part}: ${this.#tail()}`));
        timer = setTimeout(late, WAIT_MS);
        this.#watcher = { part, found, failed };
      });
    } finally {
      clearTimeout(timer);
      this.#watcher = undefined;
    }
  }

  /** 等它结束, 返回最后一次读到的用量; 错误: 退出码不是 0 */
  async finish(): Promise<OwnUsage> {
    const code = await this.#gone;
    if (code !== 0) throw new Error(`Python 客户端的退出码是 ${code}: ${this.#tail()}`);
    return this.#usage;
  }

  /** 还活着就 kill -9, 等它消失 */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone.catch(() => undefined);
  }

  #read(text: string): void {
    this.#sample();
    const line = { text, atMs: nowMs(), usage: this.#usage };
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    if (this.#watcher !== undefined && text.includes(this.#watcher.part)) this.#watcher.found(line);
  }

  #sample(): void {
    try {
      const usage = ownUsage(this.#child.pid!);
      // 已经结束还没有回收的: 内存读作 0, CPU 仍是准的
      this.#usage = { ...usage, peakBytes: Math.max(usage.peakBytes, this.#usage.peakBytes) };
    } catch {
      // 刚刚结束: 用上一次的
    }
  }

  #tail(): string {
    return this.#lines
      .slice(-15)
      .map(({ text }) => text)
      .join('\n');
  }
}
