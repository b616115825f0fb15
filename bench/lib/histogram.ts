// 对数-线性直方图 (HDR 的简化): 值的最高 7 位决定格子, 相对误差小于 1/64; 内存固定, 记录不分配
//   值 < 128 微秒时每格 1 微秒; 之后每翻一倍分 64 格: 格子 = 64 * 移位数 + (值 >> 移位数)
const LINEAR = 128;
const PER_DOUBLING = LINEAR / 2;
/** 可记录的最大值 (微秒): 约 35 分钟, 再大按它计 */
const MAX_VALUE = 2 ** 31 - 1;
const CELLS = PER_DOUBLING * 24 + LINEAR;

export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export class Histogram {
  readonly #cells = new Uint32Array(CELLS);
  #count = 0;
  #maxUs = 0;

  /** 微秒; 负数按 0 计 (时钟的舍入) */
  record(valueUs: number): void {
    const value = Math.min(Math.max(Math.round(valueUs), 0), MAX_VALUE);
    this.#cells[cellOf(value)]! += 1;
    this.#count += 1;
    if (value > this.#maxUs) this.#maxUs = value;
  }

  /** 返回格子的上界 (微秒): 宁可报大, 不可报小 */
  percentile(percent: number): number {
    const rank = Math.ceil((percent / 100) * this.#count);
    let seen = 0;
    for (let cell = 0; cell < CELLS; cell += 1) {
      seen += this.#cells[cell]!;
      if (seen >= rank && seen > 0) return Math.min(upperBound(cell), this.#maxUs);
    }
    return this.#maxUs;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      p50Ms: this.percentile(50) / 1000,
      p99Ms: this.percentile(99) / 1000,
      p999Ms: this.percentile(99.9) / 1000,
      maxMs: this.#maxUs / 1000,
    };
  }
}

function cellOf(value: number): number {
  if (value < LINEAR) return value;
  // 移位到剩下 7 位: [64, 128) 之间
  const shift = 25 - Math.clz32(value);
  return PER_DOUBLING * shift + (value >> shift);
}

function upperBound(cell: number): number {
  if (cell < LINEAR) return cell;
  const shift = Math.floor(cell / PER_DOUBLING) - 1;
  const top = cell - PER_DOUBLING * shift;
  return (top + 1) * 2 ** shift - 1;
}
