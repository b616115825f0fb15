// README 与项目一致: 设置表, 样例配置, 链接, 命令, 平台与依赖的说法
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { describeConfig, loadConfig } from '../config.js';
import { listSettings, SCHEMA } from '../config-schema.js';
import { WindowBudget } from '../files/window-budget.js';
import { memoryItems, tableItems } from './memory-formula.js';
import { ROOT, readSource } from './source-scan.js';

const README = readSource('README.md');
const PACKAGE = JSON.parse(readSource('package.json')) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
};

function between(start: string, end: string): string {
  const from = README.indexOf(start) + start.length;
  const to = README.indexOf(end);
  assert.ok(from >= start.length && to >= from, `README 里没有 ${start}`);
  return README.slice(from, to).trim();
}

describe('README', () => {
  it('设置表就是 npm run config -- --markdown 的输出', () => {
    const { markdown } = describeConfig(loadConfig({ env: {}, args: [] }));
    const table = between('<!-- config:start -->', '<!-- config:end -->');
    assert.equal(table, markdown.trim(), '请把 npm run config -- --markdown 的表放回 README');
  });

  it('压测结果表就是 bench/results 里的数字', () => {
    const table = execFileSync(process.execPath, ['scripts/bench-table.mjs'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const written = between('<!-- bench:start -->', '<!-- bench:end -->');
    assert.equal(written, table.trim(), '请运行 node scripts/bench-table.mjs --write');
  });

  it('每份样例配置都能启动', (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'sluice-readme-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const samples = [...README.matchAll(/^```json\n(\{[\s\S]*?)^```$/gm)];
    assert.ok(samples.length > 0);
    for (const [, text = ''] of samples) {
      writeFileSync(path.join(folder, 'local.json'), text);
      assert.doesNotThrow(() => loadConfig({ env: {}, args: [], configDir: folder }), text);
    }
  });

  it('提到的设置都存在', () => {
    const paths = new Set(listSettings(SCHEMA).map((setting) => setting.path));
    const groups = Object.keys(SCHEMA).join('|');
    for (const [, name = ''] of README.matchAll(
      new RegExp(`\`((?:${groups})\\.[a-z]\\w*(?:\\.\\w+)?)\``, 'g'),
    )) {
      assert.ok(paths.has(name) || /\.(?:ts|js|json|yaml)$/.test(name), name);
    }
    for (const [name] of README.matchAll(/--(?:server|chat|files|uploads|storage|log)(?:\.\w+)+/g)) {
      assert.ok(paths.has(name.slice(2)), name);
    }
  });

  it('内存表里的上限由默认设置算得', () => {
    const config = loadConfig({ env: {}, args: [] });
    const items = { ...memoryItems(config), ...tableItems(config) };
    const rows = README.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    for (const [item, bytes] of Object.entries(items)) {
      const row = rows.find((cells) => cells[1] === item);
      assert.equal(row?.[2]?.split(' = ').at(-1), String(Math.round(bytes / 2 ** 20)), item);
    }
  });

  it('默认预算下, uploads.maxActive 个上传都能得到窗口', () => {
    const { maxActive, windowBudgetBytes } = SCHEMA.uploads;
    const budget = new WindowBudget({
      totalBytes: windowBudgetBytes.default,
      windowBytes: SCHEMA.files.windowBytes.default,
      minBytes: SCHEMA.files.chunkBytes.default,
      maxGrants: maxActive.default,
    });
    for (let granted = 0; granted < maxActive.default; granted += 1) budget.grant();
    assert.ok(budget.usedBytes <= windowBudgetBytes.default);
  });

  it('相对链接指向存在的文件, 页内链接指向存在的标题', () => {
    const headings = new Set([...README.matchAll(/^#{2,3} (.+)$/gm)].map(([, title]) => title));
    for (const [, target = ''] of README.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('#')) assert.ok(headings.has(target.slice(1)), target);
      else if (!target.startsWith('http')) assert.ok(existsSync(path.join(ROOT, target)), target);
    }
  });

  it('提到的 npm 命令都有, 每个运行时依赖都说明了理由', () => {
    for (const [, name = ''] of README.matchAll(/npm run (\w+)/g)) assert.ok(name in PACKAGE.scripts, name);
    for (const name of Object.keys(PACKAGE.dependencies)) assert.ok(README.includes(name), name);
  });

  it('写明支持的 Node 与平台都有预编译文件, 散列与锁文件相同', () => {
    // Node 20, 22, 24, 25 的 ABI
    const abis = [115, 127, 137, 141];
    const platforms = ['linux_x64', 'linux_arm64', 'darwin_x64', 'darwin_arm64', 'win32_x64'];
    for (const platform of platforms) {
      for (const abi of abis) {
        const file = path.join(ROOT, 'node_modules', 'uWebSockets.js', `uws_${platform}_${abi}.node`);
        assert.ok(existsSync(file), file);
      }
    }
    const lock = JSON.parse(readSource('package-lock.json')) as {
      packages: Record<string, { integrity?: string }>;
    };
    const prefix = /`(sha512-[^…]+)…`/.exec(README)?.[1] ?? '没有写明';
    assert.ok(lock.packages['node_modules/uWebSockets.js']?.integrity?.startsWith(prefix));
  });
});
