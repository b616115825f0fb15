// 发生器进程的主持一侧: 每个发生器独占一个进程, 与服务器和探针互不占用事件循环
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { GeneratorCommand, GeneratorReport } from './generator-child.js';

export type GeneratorKind =
  | 'upload'
  | 'download'
  | 'follow'
  | 'latency'
  | 'swarm'
  | 'crowd'
  | 'fanout-bulk'
  | 'fanout-probe'
  | RoomGenerator;
/** 满房间的几种发生器: 说话与旁听, 观众, 风暴, 回来的人, 长跑 */
type RoomGenerator = 'talk' | 'audience' | 'storm' | 'return' | 'soak';

/** 打包之后 import.meta.url 是入口 bench/dist/main.js, 发生器在它旁边的 generators/ */
function scriptOf(kind: GeneratorKind): string {
  return fileURLToPath(new URL(`./generators/${kind}-generator.js`, import.meta.url));
}

export class Generator<Result> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<GeneratorReport['type'], (report: GeneratorReport) => void>();
  #fail: (error: Error) => void = () => {};
  readonly #failure: Promise<never>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // 失败由正在等待的那一步抛出; 没有人等待时不算未捕获
    this.#failure.catch(() => {});
    child.on('message', (report: GeneratorReport) => this.#receive(report));
    child.on('exit', (code, signal) => this.#fail(new Error(`发生器提前退出 (${code ?? signal})`)));
  }

  /** 返回时已连上服务器, 只等 go */
  static async start<Result>(kind: GeneratorKind, job: unknown): Promise<Generator<Result>> {
    const generator = new Generator<Result>(fork(scriptOf(kind)));
    generator.#send({ type: 'job', job });
    await generator.#next('ready');
    return generator;
  }

  /** 开跑并等到结果; 群聊的发生器可以一段一段反复开跑 */
  async run(): Promise<Result> {
    const result = this.#next('result');
    this.#send({ type: 'go' });
    const report = await result;
    return (report as { result: Result }).result;
  }

  /** 问一步, 等到答复; 同一时刻只能有一问 */
  async ask<Answer>(question: unknown): Promise<Answer> {
    const reply = this.#next('answer');
    this.#send({ type: 'ask', question });
    return ((await reply) as { answer: Answer }).answer;
  }

  /** 发生器至今的进度 (字节) */
  async count(): Promise<number> {
    const reply = this.#next('count');
    this.#send({ type: 'count' });
    return ((await reply) as { count: number }).count;
  }

  stop(): void {
    this.#send({ type: 'stop' });
  }

  /** 结束进程; 保证: 返回时进程已不在 */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await gone;
  }

  #send(command: GeneratorCommand): void {
    this.#child.send(command);
  }

  #next(type: GeneratorReport['type']): Promise<GeneratorReport> {
    const reply = new Promise<GeneratorReport>((resolve) => this.#waiting.set(type, resolve));
    return Promise.race([reply, this.#failure]);
  }

  #receive(report: GeneratorReport): void {
    if (report.type === 'failed') {
      this.#fail(new Error(`发生器出错: ${report.message}`));
      return;
    }
    this.#waiting.get(report.type)?.(report);
    this.#waiting.delete(report.type);
  }
}
