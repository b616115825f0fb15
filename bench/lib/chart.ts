// 图的内容: 横条 (比几样东西) 与折线 (随规模怎么变); 怎么画见 svg-chart.ts
import type { Spread } from './statistics.js';

/** ours 是水闸, peer 是对照组, limit 是不可能超过的上限 (只数字节的裸服务器之类) */
export type Role = 'ours' | 'peer' | 'limit';

export interface Bar {
  readonly label: string;
  /** 条画到中位数, 须线画最小到最大 */
  readonly spread: Spread;
  readonly role: Role;
}

export interface BarChart {
  readonly kind: 'bars';
  /** 须写明单位, 以及越大越好还是越小越好 */
  readonly title: string;
  readonly bars: readonly Bar[];
  /** 数值写几位小数, 默认 2 */
  readonly digits?: number;
}

export interface LinePoint {
  /** 横轴上的一档; 各条线的档须相同, 按给出的次序等距排开 */
  readonly at: string;
  readonly spread: Spread;
}

export interface Line {
  readonly label: string;
  readonly role: Role;
  readonly points: readonly LinePoint[];
}

export interface LineChart {
  readonly kind: 'lines';
  readonly title: string;
  /** 横轴是什么, 带单位 */
  readonly xLabel: string;
  readonly lines: readonly Line[];
  readonly digits?: number;
  /** 纵轴取对数: 各线差几十倍时用; 那时不画零点, 值须大于 0 */
  readonly logarithmic?: boolean;
}

export type Chart = BarChart | LineChart;
