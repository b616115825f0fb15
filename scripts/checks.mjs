// 格式, 静态检查与各处的类型 (TypeScript 与 Python)
import fs from 'node:fs';
import path from 'node:path';
import { codeOf, ROOT, run, runNode, say, tsc } from './lib.mjs';
import { ensurePythons } from './python.mjs';
import { ensureCheckEnvironment } from './python-environment.mjs';

// 跳过 .gitignore 里的文件 (运行结果, 构建产物); 警告也算不通过, 否则没有人看
const BIOME_FLAGS = [
  '--error-on-warnings',
  '--diagnostic-level=warn',
  '--vcs-enabled=true',
  '--vcs-client-kind=git',
  '--vcs-use-ignore-file=true',
];

/** 全部跑完; flags 交给 biome, 其中的 --write 也管 Python。返回没有通过的各项的名字 */
export async function runChecks(flags = []) {
  const biome = path.join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const projects = ['.', 'web', 'web/test', 'bench'].filter((folder) =>
    fs.existsSync(path.join(ROOT, folder, 'tsconfig.json')),
  );
  const checks = [
    ['biome', () => runNode([biome, 'check', ...BIOME_FLAGS, ...flags, '.'])],
    ...projects.map((folder) => [`tsc ${folder}`, () => tsc(folder, '--noEmit')]),
    ['python_client', () => checkPython(flags.includes('--write'))],
  ];
  const failures = [];
  for (const [name, check] of checks) {
    if ((await codeOf(check)) !== 0) failures.push(name);
  }
  return failures;
}

// ruff 与 mypy 以 3.8 为目标 (pyproject.toml), 自己则在最新的 Python 上运行
async function checkPython(write) {
  if (process.env['SLUICE_SKIP_PYTHON']) {
    say('!!! 跳过 python_client 的检查 (SLUICE_SKIP_PYTHON) !!!');
    return 0;
  }
  const executable = await ensureCheckEnvironment((await ensurePythons()).at(-1));
  const commands = [
    ['ruff', 'check', '--quiet', ...(write ? ['--fix'] : []), 'python_client'],
    ['ruff', 'format', '--quiet', ...(write ? [] : ['--diff']), 'python_client'],
    ['mypy', '--no-error-summary', '--config-file', 'python_client/pyproject.toml', 'python_client'],
  ];
  let worst = 0;
  for (const command of commands) worst = (await run(executable, ['-m', ...command])) || worst;
  return worst;
}
