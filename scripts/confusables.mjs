// 形近字表: 由 crate unicode-security 的 tables.rs (Unicode TS 39 的 confusables.txt) 生成 src/chat/names/confusables.ts
//   Unicode 出新版时: cargo add unicode-security, 然后 node scripts/confusables.mjs 那个文件夹/src/tables.rs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OUTPUT = fileURLToPath(new URL('../src/chat/names/confusables.ts', import.meta.url));
// 与 biome 的行宽相同
const LINE_WIDTH = 110;

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('用法: node scripts/confusables.mjs tables.rs');
const tables = readFileSync(file, 'utf8');
const version = /UNICODE_VERSION.*?\((\d+), (\d+), (\d+)\)/s.exec(tables)?.slice(1).join('.');
writeFileSync(OUTPUT, moduleText(version, wrap(groups(readPairs(tables)))));

/** [[字, 样子], ...], 都是码点, 写成 36 进制 (比 16 进制短两成), 几个码点以 + 相连 */
function readPairs(rust) {
  const table = /const CONFUSABLES:.*?= &\[(.*?)\n {4}\];/s.exec(rust)?.[1] ?? '';
  const pairs = [...table.matchAll(/\('\\u\{(\w+)\}',\s*&\[(.*?)\]\)/gs)];
  return pairs.map(([, source, target]) => [
    short(source),
    [...target.matchAll(/\\u\{(\w+)\}/g)].map(([, code]) => short(code)).join('+'),
  ]);
}

function short(hex) {
  return Number.parseInt(hex, 16).toString(36);
}

// 查表之前先做 NFKC: 会被它改掉的字用不到
function groups(pairs) {
  const byTarget = new Map();
  for (const [source, target] of pairs) {
    const character = String.fromCodePoint(Number.parseInt(source, 36));
    if (character.normalize('NFKC') !== character) continue;
    byTarget.set(target, [...(byTarget.get(target) ?? []), source]);
  }
  return [...byTarget].map(([target, sources]) => `${target}: ${sources.join(' ')}`);
}

function wrap(lines) {
  const wrapped = [''];
  for (const word of lines.join(' ').split(' ')) {
    const longer = `${wrapped.at(-1)} ${word}`.trim();
    if (longer.length <= LINE_WIDTH) wrapped[wrapped.length - 1] = longer;
    else wrapped.push(word);
  }
  return wrapped;
}

function moduleText(unicode, lines) {
  return `// 由 scripts/confusables.mjs 生成, 不要手改: Unicode ${unicode} 的形近字 (TS 39, confusables.txt, Unicode License v3)
// 写成码点 (36 进制): 里面有从右到左的字与各种引号, 照字面写编辑器会显示乱。样子在冒号之前, 看起来像它的在后面
export const CONFUSABLES = \`
${lines.join('\n')}
\`;
`;
}
