// 一串 (时刻, 值) 的走势: Theil-Sen 斜率 (两两斜率的中位数), 个别尖峰动不了它
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Trend {
  readonly slope: number;
  /** 斜率的 95% 置信区间 (Sen 的秩方法; 相邻的点相关时偏窄) */
  readonly low: number;
  readonly high: number;
}

const Z95 = 1.96;

/** 至少三个点; 两两斜率 n * (n - 1) / 2 个, 一两千个点以内 */
export function trendOf(points: readonly Point[]): Trend {
  const slopes: number[] = [];
  for (const [index, left] of points.entries()) {
    for (const right of points.slice(index + 1)) slopes.push((right.y - left.y) / (right.x - left.x));
  }
  slopes.sort((left, right) => left - right);
  const count = points.length;
  // 无趋势时 Kendall 统计量的标准差
  const spread = Z95 * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const at = (rank: number): number => slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(rank)))]!;
  return {
    slope: at((slopes.length - 1) / 2),
    low: at((slopes.length - spread) / 2),
    high: at((slopes.length + spread) / 2),
  };
}
