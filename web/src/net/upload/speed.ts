// 平滑的速度: 最近约 3 秒的平均, 不因一次停顿跳到 0, 也不被很久以前的快慢拖住

const SPAN_MS = 3000;
// 每秒 5 个样本时 3 秒是 15 个; 更密的只留最近的
const MAX_SAMPLES = 32;
// 样本跨不到这么久时不报: 开头的一两个样本算出来的数没有意义
const MIN_SPAN_MS = 400;

interface Sample {
  readonly timeMs: number;
  readonly bytes: number;
}

export class Speed {
  #samples: Sample[] = [];

  /** 记下此刻的累计字节数; timeMs 须单调 */
  record(timeMs: number, bytes: number): void {
    const last = this.#samples.at(-1);
    // 退回去了 (从头再来): 旧样本作废
    if (last !== undefined && bytes < last.bytes) this.#samples = [];
    this.#samples.push({ timeMs, bytes });
    const isStale = (sample: Sample | undefined): boolean =>
      sample !== undefined && (timeMs - sample.timeMs > SPAN_MS || this.#samples.length > MAX_SAMPLES);
    while (isStale(this.#samples[0])) this.#samples.shift();
  }

  /** 字节每秒; 0 = 还不知道, 或停住了 */
  get bytesPerSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined) return 0;
    const spanMs = last.timeMs - first.timeMs;
    return spanMs < MIN_SPAN_MS ? 0 : ((last.bytes - first.bytes) / spanMs) * 1000;
  }

  reset(): void {
    this.#samples = [];
  }
}
