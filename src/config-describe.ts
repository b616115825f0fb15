// 把设置写给人看: npm run config 的清单, README 的表格, SECURITY.md 的上限表
import { KINDS } from './config-formats.js';
import type { Setting } from './config-schema.js';

const MASK = '******';
const HEADER = [
  '| 键 | 默认值 | 单位 | 环境变量 | 命令行参数 | 说明 |',
  '| --- | --- | --- | --- | --- | --- |',
];

// 是数字而不是上限的
const NOT_LIMITS = /^(?:log|fanout)\.|^server\.(?:port|processes)$|^files\.hashWorkers$|^storage\.scrub/;

/** SECURITY.md 的表: 全部是数字的上限与期限, 新加的自己就在里面 */
export function describeLimits(settings: readonly Setting[]): string {
  const rows = settings
    .filter(({ path, entry }) => typeof entry.default === 'number' && !NOT_LIMITS.test(path))
    .map((setting) => {
      const { path, entry } = setting;
      const doc = entry.doc.replaceAll('|', '\\|');
      return `| \`${path}\` | ${formatDefault(entry.default)} | ${entry.unit} | ${doc} |`;
    });
  return `${['| 设置 | 默认值 | 单位 | 管什么 |', '| --- | --- | --- | --- |', ...rows].join('\n')}\n`;
}

/** 保证: sensitive 的值不出现在任何一份结果里 */
export function describeSettings(
  settings: readonly Setting[],
  values: object,
): { effective: string; markdown: string } {
  const lines = settings.map((setting) => {
    const value = valueAt(values, setting.path);
    // 与默认值不同的标一个 *, 排错时先看它们; 文件路径总是变成绝对的, 所以也会标出
    const mark = JSON.stringify(value) === JSON.stringify(setting.entry.default) ? ' ' : '*';
    const shown = setting.entry.sensitive && value !== '' ? MASK : JSON.stringify(value);
    return `${mark} ${setting.path} = ${shown}${setting.entry.unit === '' ? '' : ` (${setting.entry.unit})`}`;
  });
  const rows = settings.map((setting) => `| ${tableCells(setting).join(' | ')} |`);
  return { effective: `${lines.join('\n')}\n`, markdown: `${[...HEADER, ...rows].join('\n')}\n` };
}

function valueAt(values: object, path: string): unknown {
  return path.split('.').reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], values);
}

function tableCells({ path, env, flag, entry }: Setting): string[] {
  const expected =
    entry.min === undefined && entry.choices === undefined ? '' : `; ${KINDS[entry.format].expected(entry)}`;
  const value = entry.sensitive ? MASK : formatDefault(entry.default);
  const doc = `${entry.doc}${expected}`.replaceAll('|', '\\|');
  return [`\`${path}\``, value, entry.unit, `\`${env}\``, `\`${flag}\``, doc];
}

function formatDefault(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '(空)' : value.join(', ');
  return value === '' ? '(空)' : `\`${String(value)}\``;
}
