// 可以叫醒的等待: 线程里唯一的循环睡在这里
import { setImmediate as nextTurn } from 'node:timers/promises';

export class Wake {
  #resolve: (() => void) | undefined;
  #called = false;

  /** 叫醒; 没有人在等就记住一次 */
  now(): void {
    this.#called = true;
    this.#resolve?.();
  }

  /** 等到被叫醒, 或过了 timeoutMs */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#called) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#resolve = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#resolve = undefined;
    this.#called = false;
  }

  /** 让出一轮: 等着的消息先进来 */
  async turn(): Promise<void> {
    await nextTurn();
  }
}
