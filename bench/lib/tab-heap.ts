// 一页的 JavaScript 内存的峰值: 页面与它的每个 Worker 各有一个堆, 定时读出相加
import type { CDPSession, Page } from 'playwright-core';

const SAMPLE_MS = 250;
/** 一次读数等这么久 (毫秒) 没有应答就作罢: Worker 可能刚好结束 */
const REPLY_MS = 2000;

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

export class TabHeap {
  readonly #session: CDPSession;
  readonly #workers = new Set<string>();
  readonly #waiting = new Map<number, (usage: HeapUsage) => void>();
  #serial = 0;
  #peak: HeapPeak = { heapBytes: 0, withBuffersBytes: 0, samples: 0, workers: 0 };
  #running = true;
  #loop: Promise<void> = Promise.resolve();

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  /** 开始每 250 毫秒读一次, 直到 stop() */
  static async watch(page: Page): Promise<TabHeap> {
    const session = await page.context().newCDPSession(page);
    const heap = new TabHeap(session);
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') heap.#workers.add(sessionId);
    });
    session.on('Target.detachedFromTarget', ({ sessionId }) => heap.#workers.delete(sessionId));
    session.on('Target.receivedMessageFromTarget', ({ message }) => heap.#receive(message));
    // flatten 关: playwright 不转交它不认识的会话, 只能用套在消息里的旧办法
    await session.send('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
    });
    heap.#loop = heap.#sampleForever();
    return heap;
  }

  async stop(): Promise<HeapPeak> {
    this.#running = false;
    await this.#loop;
    await this.#session.detach();
    return this.#peak;
  }

  async #sampleForever(): Promise<void> {
    while (this.#running) {
      await this.#sample();
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  }

  async #sample(): Promise<void> {
    const workers = [...this.#workers];
    const usages = await Promise.all([
      this.#session.send('Runtime.getHeapUsage') as Promise<HeapUsage>,
      ...workers.map((worker) => this.#workerUsage(worker)),
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

  async #workerUsage(sessionId: string): Promise<HeapUsage> {
    this.#serial += 1;
    const id = this.#serial;
    const message = JSON.stringify({ id, method: 'Runtime.getHeapUsage' });
    const reply = new Promise<HeapUsage>((resolve) => {
      this.#waiting.set(id, resolve);
      setTimeout(() => resolve({ usedSize: 0, backingStorageSize: 0 }), REPLY_MS);
    });
    try {
      await this.#session.send('Target.sendMessageToTarget', { sessionId, message });
      return await reply;
    } catch {
      // 这一刻它已经结束: 不占内存
      return { usedSize: 0, backingStorageSize: 0 };
    } finally {
      this.#waiting.delete(id);
    }
  }

  #receive(text: string): void {
    const { id, result } = JSON.parse(text) as { id?: number; result?: HeapUsage };
    if (id !== undefined && result !== undefined) this.#waiting.get(id)?.(result);
  }
}
