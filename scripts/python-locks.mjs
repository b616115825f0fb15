// npm run locks: 由 python_client 的各个 .in 写出带散列的锁; 已锁的间接依赖照旧, 加 -- --upgrade 才换新的
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { main, ROOT, readText, run, ScriptError, say } from './lib.mjs';
import { ensurePythons } from './python.mjs';
import { ensureEnvironment, LOCKS } from './python-environment.mjs';
import { MINORS } from './python-find.mjs';

const RUNTIME = path.join(ROOT, 'python_client', 'requirements');
const HEADER = '# 由 npm run locks 写成, 不要手改; 要换版本就改 .in 再写一遍\n';
const UV_TIMEOUT_MS = 600_000;
const FLAGS = [
  'pip',
  'compile',
  '--quiet',
  '--generate-hashes',
  // 各平台的条件 (如 Windows 的 colorama) 都留着, 在哪里写出来都一样
  '--universal',
  // 用户的镜像不写进仓库
  ...['--no-header', '--no-emit-index-url', '--no-emit-find-links'],
];

const upgrade = process.argv.slice(2).includes('--upgrade') ? ['--upgrade'] : [];

await main(async () => {
  const python = (await ensurePythons()).at(-1);
  const uv = await ensureEnvironment(python, { name: 'uv', lock: 'uv.txt' });
  await lock(uv, { source: `${RUNTIME}.in`, target: `${RUNTIME}.txt` });
  for (const minor of MINORS) {
    await lock(uv, { source: inFile('test'), target: lockFile(`test-${minor}`), minor });
  }
  for (const name of ['check', 'uv']) await lock(uv, { source: inFile(name), target: lockFile(name) });
});

function inFile(name) {
  return path.join(LOCKS, `${name}.in`);
}

function lockFile(name) {
  return path.join(LOCKS, `${name}.txt`);
}

/** 写一份锁; 有 minor 时只为这一个 Python, 没有时一份管全部支持的 */
async function lock(uv, { source, target, minor }) {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-locks-'));
  try {
    fs.writeFileSync(path.join(project, 'pyproject.toml'), projectOf(minor));
    const output = path.join(project, path.basename(target));
    // 已有的锁放在输出的位置: uv 以它为准, 间接依赖不会自己变
    fs.writeFileSync(output, readText(target));
    const args = ['--python-version', minor ?? MINORS[0], '--output-file', output, ...upgrade, source];
    const options = { cwd: project, env: mirrored(), timeout: UV_TIMEOUT_MS };
    const code = await run(uv, ['-m', 'uv', ...FLAGS, ...args], options);
    if (code !== 0) throw new ScriptError(`写 ${path.relative(ROOT, target)} 失败, 原因见上`);
    fs.writeFileSync(target, HEADER + tidy(fs.readFileSync(output, 'utf8'), minor));
    say(`写好了 ${path.relative(ROOT, target)}`);
  } finally {
    fs.rmSync(project, { recursive: true, force: true });
  }
}

// --universal 以 --python-version 为下限; 上限只能写在 pyproject.toml 里
function projectOf(minor) {
  if (minor === undefined) return '';
  return `[tool.uv]\nenvironments = ["python_full_version >= '${minor}' and python_full_version < '${after(minor)}'"]\n`;
}

function after(minor) {
  const [major, number] = minor.split('.');
  return `${major}.${Number(number) + 1}`;
}

// 只为一个 Python 的锁不再写它的条件: 检查类型时由别的 Python 来装 (python-environment.mjs 的 types), 条件会不成立
function tidy(text, minor) {
  const withoutSources = text.replace(/^ +# via .*\n(?: +# +.*\n)*/gm, '');
  if (minor === undefined) return withoutSources;
  const condition = `python_full_version < '${after(minor)}'`;
  return withoutSources.replaceAll(` ; ${condition} and `, ' ; ').replaceAll(` ; ${condition}`, '');
}

// uv 不读 pip 的设置; 用户以 PIP_INDEX_URL 换的镜像照样用
function mirrored() {
  const index = process.env['PIP_INDEX_URL'];
  return index ? { UV_DEFAULT_INDEX: index, ...process.env } : process.env;
}
