// 结果的去处: 屏幕上的表, JSON, SVG, 以及 bench/README.md 里两个标记之间的最近数字
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Chart } from './chart.js';
import { type MachineFacts, machineFacts } from './machine.js';
import { renderCharts } from './svg-chart.js';

export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Claim {
  readonly text: string;
  /** 实测值, 已排好版 */
  readonly value: string;
  readonly passed: boolean;
}

export interface Report {
  readonly name: string;
  readonly title: string;
  readonly tables: readonly Table[];
  /** 第一条是门面: 根目录 README 的表里写它 */
  readonly claims: readonly Claim[];
  /** 画进 NAME.svg, 上下排开; 没有就不写 SVG */
  readonly charts?: readonly Chart[];
  /** 需要读者知道的情况, 如 "没有 nginx, 跳过" */
  readonly notes: readonly string[];
  /** 自己花掉而 watchForeignLoad 看不到的 CPU 秒数: Chromium 的子进程由它的 zygote 回收 */
  readonly hiddenCpuSeconds?: number;
  /** 原始数据, 只进 JSON */
  readonly raw: unknown;
}

const BENCH = join(process.cwd(), 'bench');

/** 副作用: 打印, 写 JSON 与 SVG; publish 时另写 bench/README.md */
export function publishReport(report: Report, publish: boolean): void {
  const facts = machineFacts();
  const markdown = toMarkdown(report, facts);
  console.log(`\n${markdown}\n`);
  const folder = join(BENCH, publish ? 'results' : 'results/local');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${report.name}.json`);
  // 图由 raw 里的数字画出, 不再写一遍
  const { charts = [], ...figures } = report;
  writeFileSync(path, `${JSON.stringify({ facts, ...figures }, null, 2)}\n`);
  console.log(`原始数据: ${path}`);
  if (charts.length > 0) {
    const picture = join(folder, `${report.name}.svg`);
    writeFileSync(picture, renderCharts(report.title, charts, factLine(facts)));
    console.log(`图: ${picture}`);
  }
  if (publish) writeReadme(report.name, markdown);
}

function toMarkdown(report: Report, facts: MachineFacts): string {
  const tables = report.tables.map((table) =>
    [
      `**${table.title}**`,
      '',
      row(table.header),
      row(table.header.map(() => '---')),
      ...table.rows.map(row),
    ].join('\n'),
  );
  const claims = report.claims.map(
    (claim) => `- ${claim.passed ? '达到' : '未达到'}: ${claim.text}; 实测 ${claim.value}`,
  );
  const notes = report.notes.map((note) => `- 说明: ${note}`);
  const picture = report.charts === undefined ? [] : [`![${report.title}](results/${report.name}.svg)`, ''];
  const head = [`### ${report.title}`, '', factLine(facts), '', ...picture];
  return [...head, tables.join('\n\n'), '', ...claims, ...notes].join('\n');
}

function factLine(facts: MachineFacts): string {
  return (
    `${facts.time.slice(0, 16)}Z, ${facts.cpu}, ${facts.cores} 核, ${facts.memoryGiB} GiB, Linux ${facts.kernel}, ` +
    `Node ${facts.node}, 提交 ${facts.revision}, 结束时负载 ${facts.loadAverage}`
  );
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function writeReadme(name: string, markdown: string): void {
  const path = join(BENCH, 'README.md');
  if (!existsSync(path)) return;
  const text = readFileSync(path, 'utf8');
  const start = `<!-- bench:${name}:start -->`;
  const end = `<!-- bench:${name}:end -->`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`bench/README.md 里没有标记 ${start}`);
  writeFileSync(path, `${text.slice(0, from + start.length)}\n${markdown}\n${text.slice(to)}`);
}
