// 备用的描述符: 用尽之前就知道; 用尽时一个一个放开, 等在门外的收下就答一句断开, 不空转 (uWS 不报告 accept 失败, 一圈圈地重试)
//   calm --再也开不了一个--> scarce --备用的都拿得回来, 还多一个--> calm
// 停听一会儿再听是不行的: 还有连接在时, 同一个端口再也听不上 (EADDRINUSE, 实测)
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

export interface ScarcityEvents {
  /** 用尽了: 新来的都请走 */
  scarce(): void;
  /** 又够了 */
  calm(): void;
}

// 一个给收下就断的连接, 其余给不得不开的文件 (读历史的线程之类): 占掉一个再放一个
const SPARES = 8;
// 隔多久试着开一个 (毫秒): 两次系统调用, 约 10 微秒; accept 失败空转至多这么久
const CHECK_MS = 100;

type State = 'calm' | 'scarce' | 'stopped';

export class SpareDescriptors {
  readonly #events: ScarcityEvents;
  #state: State = 'calm';
  #spares: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(events: ScarcityEvents) {
    this.#events = events;
  }

  /** 拿好备用的, 开始看着 */
  start(): void {
    this.#spares = take(SPARES);
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
    // 它自己不该拦住进程退出
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#state = 'stopped';
    giveBack(this.#spares);
    this.#spares = [];
  }

  #check(): void {
    if (this.#state === 'calm') this.#probe();
    else if (this.#state === 'scarce') this.#recover();
  }

  #probe(): void {
    const probe = take(1);
    giveBack(probe);
    if (probe.length > 0) return;
    this.#state = 'scarce';
    // 先请走再放开: 不然放开的也被收下的占了
    this.#events.scarce();
    this.#releaseOne();
  }

  // 总留一个空着的给 accept; 连它也被文件占了就再放一个
  #recover(): void {
    const taken = take(SPARES - this.#spares.length + 1);
    const kept = taken.slice(1);
    giveBack(taken.slice(0, 1));
    this.#spares.push(...kept);
    if (taken.length === 0) this.#releaseOne();
    else if (this.#spares.length === SPARES) {
      this.#state = 'calm';
      this.#events.calm();
    }
  }

  #releaseOne(): void {
    // 号小的先放: 上限被调低时, 号大的放了也开不了
    giveBack(this.#spares.splice(0, 1));
  }
}

/** 至多 count 个; 开不了就到此为止 */
function take(count: number): number[] {
  const taken: number[] = [];
  try {
    while (taken.length < count) taken.push(openSync(devNull, 'r'));
  } catch {
    // 描述符用尽 (EMFILE, ENFILE): 拿到几个算几个
  }
  return taken;
}

function giveBack(descriptors: readonly number[]): void {
  for (const fd of descriptors) closeSync(fd);
}
