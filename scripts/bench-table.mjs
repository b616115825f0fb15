// 根目录 README 的压测结果表: 由 bench/results/*.json 写成, 一项一行
// node scripts/bench-table.mjs 打印; 加 --write 写进 README.md (npm run bench -- --publish 之后自动)
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './lib.mjs';

const RESULTS = path.join(ROOT, 'bench', 'results');
const README = path.join(ROOT, 'README.md');
const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

/** 次序照 bench/README.md 里各项的标记; 没有发布过的不列 */
function publishedNames() {
  const page = fs.readFileSync(path.join(ROOT, 'bench', 'README.md'), 'utf8');
  const names = [...page.matchAll(/<!-- bench:([\w-]+):start -->/g)].map(([, name]) => name);
  return names.filter((name) => fs.existsSync(path.join(RESULTS, `${name}.json`)));
}

function row(name) {
  const { facts, title, claims, notes } = JSON.parse(
    fs.readFileSync(path.join(RESULTS, `${name}.json`), 'utf8'),
  );
  // 第一条是门面; 其余的只数个数, 逐条在 bench/README.md
  const [first] = claims;
  const promise = first?.text ?? '无';
  const cells = [`${title} (${name})`, promise, first?.value ?? '', verdict(claims, notes), machine(facts)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function verdict([first, ...rest], notes) {
  const missed = rest.filter((claim) => !claim.passed).length;
  const own = first?.passed ? '达到' : '未达到';
  const others =
    rest.length === 0 ? '' : `; 其余 ${rest.length} 条${missed === 0 ? '都达到' : `有 ${missed} 条未达到`}`;
  // 由压测自己判断并写进说明 (bench/main.ts)
  const noisy = notes.some((note) => note.includes('不作数')) ? ' (机器不安静, 不作数)' : '';
  return `${own}${others}${noisy}`;
}

function machine({ time, cpu, cores, node, revision }) {
  return `${cpu}, ${cores} 核, Node ${node.slice(1)}, ${time.slice(0, 10)}, ${revision}`;
}

/** 整张表, 不含标记 */
export function benchTable() {
  const head = [
    '| 压测 | 首要的承诺 | 实测, 中位数 (最小-最大) | 结论 | 机器, 日期, 提交 |',
    '| --- | --- | --- | --- | --- |',
  ];
  return [...head, ...publishedNames().map(row)].join('\n');
}

/** 副作用: 改写 README.md 里两个标记之间 */
export function writeBenchTable() {
  const text = fs.readFileSync(README, 'utf8');
  const from = text.indexOf(START);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`README.md 里没有标记 ${START}`);
  fs.writeFileSync(README, `${text.slice(0, from + START.length)}\n${benchTable()}\n${text.slice(to)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv.includes('--write')) writeBenchTable();
  else console.log(benchTable());
}
