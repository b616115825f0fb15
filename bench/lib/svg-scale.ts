// 数轴: 值到像素的换算与好看的刻度; SVG 文字的转义
export interface Scale {
  /** 值在 0 (轴的起点) 到 1 (终点) 之间的位置; 越界的夹在两端 */
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** 刻度数的目标: 再多就挤 */
const TICKS = 5;

/** 从 0 到不小于 max 的整刻度; max 不是正数 (没有数据) 时按 1 画 */
export function linearScale(max: number): Scale {
  const top = Number.isFinite(max) && max > 0 ? max : 1;
  const step = niceStep(top / TICKS);
  const end = Math.ceil(top / step - 1e-9) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return { at: (value) => clamp(value / end), ticks };
}

/** 以 10 为底: 从不大于 min 的整数次幂到不小于 max 的 */
export function logScale(min: number, max: number): Scale {
  const low = Math.floor(Math.log10(min));
  const high = Math.max(low + 1, Math.ceil(Math.log10(max)));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { at: (value) => clamp((Math.log10(value) - low) / (high - low)), ticks };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((each) => each * power >= rough - 1e-12) ?? 10;
  return factor * power;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, Number.isFinite(value) ? value : 0));
}

/** 刻度上的数: 去掉浮点的尾巴; 上万的写成万 */
export function tickText(value: number): string {
  if (Math.abs(value) >= 10_000) return `${Number((value / 10_000).toPrecision(4))} 万`;
  return String(Number(value.toPrecision(4)));
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** 坐标只留一位小数: 文件小, 也不随浮点的尾巴变 */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
