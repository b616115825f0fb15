// 一份报告的图: 几张图上下排开, 写成一个独立的 SVG; 明暗跟随读者的系统 (prefers-color-scheme)
import type { Chart } from './chart.js';
import { barsHeight, drawBars } from './svg-bars.js';
import { drawLines, linesHeight } from './svg-lines.js';
import { escapeXml, px } from './svg-scale.js';

const WIDTH = 780;
const MARGIN = 20;
/** 每张图的标题占的高, 与两张图之间的空 */
const TITLE = 30;
const GAP = 18;
/** 页脚一行: 机器与日期 */
const FOOTER = 26;

const STYLE = `
svg { color-scheme: light dark; font-family: system-ui, -apple-system, "Segoe UI", "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; font-size: 13px; }
.paper { fill: #ffffff; } .title { fill: #1c2430; font-size: 15px; font-weight: 600; }
.label { fill: #3b4656; } .ours-text { fill: #14559e; font-weight: 600; } .limit-text { fill: #6d7887; }
.value { fill: #1c2430; font-size: 12px; font-variant-numeric: tabular-nums; }
.tick, .foot { fill: #5f6b7b; font-size: 11.5px; font-variant-numeric: tabular-nums; }
.grid { stroke: #e3e7ec; stroke-width: 1; } .whisker { stroke: #1c2430; stroke-width: 1.2; fill: none; }
.ours { fill: #2f7fd6; } .peer { fill: #b3bcc8; } .limit { fill: #e1e5ea; }
.line { fill: none; stroke-width: 2.2; stroke: currentColor; } .thin { fill: none; stroke-width: 1.1; stroke: currentColor; }
.dot { fill: currentColor; }
.series-ours { color: #2f7fd6; } .series-limit { color: #8a95a3; } .series-limit .line { stroke-dasharray: 5 4; }
.series-peer-0 { color: #d9722e; } .series-peer-1 { color: #3c9a5f; } .series-peer-2 { color: #8a5cc2; } .series-peer-3 { color: #b08d1e; }
@media (prefers-color-scheme: dark) {
.paper { fill: #12161c; } .title, .value { fill: #e8edf3; } .label { fill: #c3ccd8; } .ours-text { fill: #8fc1ff; } .limit-text { fill: #939fae; }
.tick, .foot { fill: #9aa6b5; } .grid { stroke: #2a313b; } .whisker { stroke: #f2f5f8; }
.ours { fill: #3d84d6; } .peer { fill: #5a6675; } .limit { fill: #343d49; }
.series-ours { color: #5ea4f3; } .series-limit { color: #8792a1; }
.series-peer-0 { color: #ef9a5c; } .series-peer-1 { color: #68c48a; } .series-peer-2 { color: #b793e8; } .series-peer-3 { color: #d8b84f; }
}`;

/** footer 是页脚的一行 (机器, 日期); 返回整个文件的内容 */
export function renderCharts(title: string, charts: readonly Chart[], footer: string): string {
  let top = MARGIN;
  const inner = WIDTH - 2 * MARGIN;
  const drawn = charts.map((chart) => {
    const group = `<g transform="translate(${MARGIN} ${px(top)})">
<text class="title" x="0" y="14">${escapeXml(chart.title)}</text>
<g transform="translate(0 ${TITLE})">
${chart.kind === 'bars' ? drawBars(chart, inner) : drawLines(chart, inner)}
</g></g>`;
    top += TITLE + (chart.kind === 'bars' ? barsHeight(chart) : linesHeight()) + GAP;
    return group;
  });
  const height = Math.ceil(top + FOOTER);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">
<title>${escapeXml(title)}</title>
<style>${STYLE}
</style>
<rect class="paper" width="${WIDTH}" height="${height}" rx="6"/>
${drawn.join('\n')}
<text class="foot" x="${MARGIN}" y="${height - 12}">${escapeXml(footer)}</text>
</svg>
`;
}
