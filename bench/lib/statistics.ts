// 多轮测量的汇总: 中位数与最小最大; 比值逐轮配对再取中位数, 机器忽快忽慢时两边同受影响
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/** 同一轮的 left / right; 两列须等长 */
export function pairedRatios(left: readonly number[], right: readonly number[]): Spread {
  return spreadOf(left.map((value, index) => value / right[index]!));
}

/** "1.85 (1.70-1.99)" */
export function formatSpread(spread: Spread, digits = 2): string {
  return `${spread.median.toFixed(digits)} (${spread.min.toFixed(digits)}-${spread.max.toFixed(digits)})`;
}
