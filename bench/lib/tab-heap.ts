// 一页的 JavaScript 内存的峰值: 页面与它的每个 Worker 各有一个堆, 定时读出相加
import type { Cdp } from './cdp.js';

const SAMPLE_MS = 250;

export interface HeapPeak {
  /** 各堆里的对象之和的峰值, 字节; 含还没有回收的垃圾 */
  readonly heapBytes: number;
  /** 同上, 另加 ArrayBuffer 与外部字符串的内容 */
  readonly withBuffersBytes: number;
  readonly samples: number;
  /** 同时见到的 Worker 数的峰值 */
  readonly workers: number;
}

interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize: number;
}

const NOTHING: HeapUsage = { usedSize: 0, backingStorageSize: 0 };

export class TabHeap {
  readonly #cdp: Cdp;
  #peak: HeapPeak = { heapBytes: 0, withBuffersBytes: 0, samples: 0, workers: 0 };
  #running = true;
  readonly #loop: Promise<void>;

  /** 开始每 250 毫秒读一次, 直到 stop() */
  constructor(cdp: Cdp) {
    this.#cdp = cdp;
    this.#loop = this.#sampleForever();
    // 失败由 stop() 抛出; 在那之前没有人等待, 不算未捕获
    this.#loop.catch(() => {});
  }

  /** 页面崩溃或关闭时失败; 从不兑现: 给等着别的事的人一起等 */
  async failure(): Promise<never> {
    await this.#loop;
    return new Promise(() => {});
  }

  async stop(): Promise<HeapPeak> {
    this.#running = false;
    await this.#loop;
    return this.#peak;
  }

  async #sampleForever(): Promise<void> {
    while (this.#running) {
      await this.#sample();
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  }

  async #sample(): Promise<void> {
    const workers = [...this.#cdp.workers];
    const usages = await Promise.all([
      this.#usage(),
      // 这一刻它可能已经结束: 不占内存
      ...workers.map((worker) => this.#usage(worker).catch(() => NOTHING)),
    ]);
    const heapBytes = usages.reduce((sum, { usedSize }) => sum + usedSize, 0);
    const buffers = usages.reduce((sum, { backingStorageSize }) => sum + backingStorageSize, 0);
    this.#peak = {
      heapBytes: Math.max(this.#peak.heapBytes, heapBytes),
      withBuffersBytes: Math.max(this.#peak.withBuffersBytes, heapBytes + buffers),
      samples: this.#peak.samples + 1,
      workers: Math.max(this.#peak.workers, workers.length),
    };
  }

  #usage(worker?: string): Promise<HeapUsage> {
    return this.#cdp.send<HeapUsage>('Runtime.getHeapUsage', {}, worker);
  }
}
