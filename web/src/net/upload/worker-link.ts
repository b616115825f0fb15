// 页面这边的 Worker: 用到时才建, 崩溃了就丢开, 下次再建一个
import type { RunReport, WorkerCommand } from './worker-messages.js';

export interface WorkerEvents {
  report(report: RunReport): void;
  /** Worker 没有加载成功, 或崩溃: 正在运行的全部作废 */
  crashed(message: string): void;
}

export class WorkerLink {
  readonly #create: () => Worker;
  readonly #events: WorkerEvents;
  #worker: Worker | undefined;

  constructor(create: () => Worker, events: WorkerEvents) {
    this.#create = create;
    this.#events = events;
  }

  /** 建不起来时也经 crashed 报告 */
  post(command: WorkerCommand): void {
    try {
      this.#worker ??= this.#open();
      this.#worker.postMessage(command);
    } catch (error) {
      this.#crash(error instanceof Error ? error.message : String(error));
    }
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #open(): Worker {
    const worker = this.#create();
    worker.onmessage = ({ data }: MessageEvent<RunReport>) => this.#events.report(data);
    // 脚本加载失败也是 error 事件, 那时没有 message
    worker.onerror = (event) => this.#crash(event.message ?? '脚本没有加载成功');
    worker.onmessageerror = () => this.#crash('消息无法还原');
    return worker;
  }

  #crash(message: string): void {
    this.stop();
    this.#events.crashed(message);
  }
}
