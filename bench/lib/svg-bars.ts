// 横条图: 一行一条, 条到中位数, 须线从最小到最大, 右边写数
import type { Bar, BarChart } from './chart.js';
import { formatSpread } from './statistics.js';
import { escapeXml, linearScale, px, type Scale, tickText } from './svg-scale.js';

const ROW = 26;
const BAR = 14;
const LABEL_WIDTH = 216;
const VALUE_WIDTH = 150;
/** 刻度的数字占的高 */
const AXIS = 22;

export function barsHeight({ bars }: BarChart): number {
  return bars.length * ROW + AXIS;
}

/** 左上角在 (0, 0), 宽 width */
export function drawBars({ bars, digits = 2 }: BarChart, width: number): string {
  const plot = width - LABEL_WIDTH - VALUE_WIDTH;
  const scale = linearScale(Math.max(...bars.map(({ spread }) => spread.max)));
  const bottom = bars.length * ROW;
  const grid = scale.ticks.map((tick) => {
    const x = px(LABEL_WIDTH + scale.at(tick) * plot);
    return (
      `<line class="grid" x1="${x}" y1="0" x2="${x}" y2="${bottom}"/>` +
      `<text class="tick" x="${x}" y="${bottom + 16}" text-anchor="middle">${tickText(tick)}</text>`
    );
  });
  const rows = bars.map((bar, index) => drawRow(bar, index * ROW, { scale, plot, digits }));
  return [...grid, ...rows].join('\n');
}

interface Plot {
  readonly scale: Scale;
  readonly plot: number;
  readonly digits: number;
}

function drawRow({ label, spread, role }: Bar, top: number, { scale, plot, digits }: Plot): string {
  const x = (value: number): string => px(LABEL_WIDTH + scale.at(value) * plot);
  const middle = top + ROW / 2;
  const baseline = middle + 4.5;
  const [low, high] = [x(spread.min), x(spread.max)];
  return (
    `<text class="label ${role}-text" x="${LABEL_WIDTH - 10}" y="${baseline}" text-anchor="end">${escapeXml(label)}</text>` +
    `<rect class="${role}" x="${LABEL_WIDTH}" y="${middle - BAR / 2}" width="${px(scale.at(spread.median) * plot)}" height="${BAR}" rx="2"/>` +
    `<path class="whisker" d="M${low} ${middle}H${high}M${low} ${middle - 4}V${middle + 4}M${high} ${middle - 4}V${middle + 4}"/>` +
    `<text class="value" x="${LABEL_WIDTH + plot + 14}" y="${baseline}">${formatSpread(spread, digits)}</text>`
  );
}
