// 折线图: 横轴是规模的各档, 点在中位数, 须线从最小到最大, 图例在上面
import type { Line, LineChart } from './chart.js';
import { escapeXml, linearScale, logScale, px, type Scale, tickText } from './svg-scale.js';

const LEGEND = 26;
const PLOT_HEIGHT = 200;
/** 横轴的档与名称占的高 */
const AXIS = 44;
const LEFT = 64;
const RIGHT = 24;
/** 图例里一项的宽: 线段, 间隔, 每个字约这么宽 */
const LEGEND_LINE = 34;
const HAN_WIDTH = 13;
const LATIN_WIDTH = 7.2;
/** 各线的须错开这么多, 不叠在一起 */
const DODGE = 5;

export function linesHeight(): number {
  return LEGEND + PLOT_HEIGHT + AXIS;
}

/** 左上角在 (0, 0), 宽 width */
export function drawLines(chart: LineChart, width: number): string {
  const { lines, xLabel } = chart;
  const steps = lines[0]?.points.map(({ at }) => at) ?? [];
  const scale = scaleOf(chart);
  const column = (width - LEFT - RIGHT) / steps.length;
  const frame: Frame = {
    x: (index) => LEFT + (index + 0.5) * column,
    y: (value) => LEGEND + (1 - scale.at(value)) * PLOT_HEIGHT,
  };
  const bottom = LEGEND + PLOT_HEIGHT;
  const grid = scale.ticks.map((tick) => {
    const y = px(frame.y(tick));
    return (
      `<line class="grid" x1="${LEFT}" y1="${y}" x2="${width - RIGHT}" y2="${y}"/>` +
      `<text class="tick" x="${LEFT - 8}" y="${px(frame.y(tick) + 4)}" text-anchor="end">${tickText(tick)}</text>`
    );
  });
  const names = steps.map(
    (at, index) =>
      `<text class="tick" x="${px(frame.x(index))}" y="${bottom + 18}" text-anchor="middle">${escapeXml(at)}</text>`,
  );
  const title = `<text class="tick" x="${px((LEFT + width - RIGHT) / 2)}" y="${bottom + 37}" text-anchor="middle">${escapeXml(xLabel)}</text>`;
  const drawn = lines.map((line, index) =>
    drawLine(line, seriesClass(lines, index), frame, dodge(lines, index)),
  );
  return [...grid, ...names, title, legend(lines), ...drawn].join('\n');
}

interface Frame {
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
}

function scaleOf({ lines, logarithmic = false }: LineChart): Scale {
  const spreads = lines.flatMap(({ points }) => points.map(({ spread }) => spread));
  const max = Math.max(...spreads.map((spread) => spread.max));
  if (!logarithmic) return linearScale(max);
  return logScale(Math.min(...spreads.map((spread) => spread.min)), max);
}

/** 水闸总是第一种颜色; 其余按次序取, 上限是灰的虚线 */
function seriesClass(lines: readonly Line[], index: number): string {
  const { role } = lines[index]!;
  if (role !== 'peer') return `series-${role}`;
  const peers = lines.slice(0, index).filter((line) => line.role === 'peer').length;
  return `series-peer series-peer-${peers % 4}`;
}

function dodge(lines: readonly Line[], index: number): number {
  return (index - (lines.length - 1) / 2) * DODGE;
}

function drawLine({ points }: Line, className: string, { x, y }: Frame, shift: number): string {
  const at = points.map(({ spread }, index) => [x(index) + shift, y(spread.median)] as const);
  const path = at.map(([left, top], index) => `${index === 0 ? 'M' : 'L'}${px(left)} ${px(top)}`).join('');
  const marks = points.map(({ spread }, index) => {
    const [left, top] = at[index]!;
    const [low, high] = [px(y(spread.min)), px(y(spread.max))];
    const cap = (level: string): string => `M${px(left - 3)} ${level}H${px(left + 3)}`;
    return (
      `<path class="thin" d="M${px(left)} ${low}V${high}${cap(low)}${cap(high)}"/>` +
      `<circle class="dot" cx="${px(left)}" cy="${px(top)}" r="3.5"/>`
    );
  });
  return `<g class="${className}"><path class="line" d="${path}"/>${marks.join('')}</g>`;
}

function legend(lines: readonly Line[]): string {
  let left = LEFT;
  const items = lines.map(({ label }, index) => {
    const item =
      `<g class="${seriesClass(lines, index)}"><path class="line" d="M${px(left)} 10H${px(left + 24)}"/>` +
      `<circle class="dot" cx="${px(left + 12)}" cy="10" r="3.5"/></g>` +
      `<text class="label" x="${px(left + LEGEND_LINE - 4)}" y="14.5">${escapeXml(label)}</text>`;
    left += LEGEND_LINE + textWidth(label) + 18;
    return item;
  });
  return items.join('');
}

function textWidth(text: string): number {
  return [...text].reduce((sum, char) => sum + (char.charCodeAt(0) > 0x2e7f ? HAN_WIDTH : LATIN_WIDTH), 0);
}
