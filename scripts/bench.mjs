// npm run bench -- [名称] [参数], npm run bench:名称 -- [参数]: 装好项目与对照组, 打包 bench/, 运行
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { writeBenchTable } from './bench-table.mjs';
import { ensureBrowser } from './browser.mjs';
import { ensureBuilt, ensureDependencies, exitCodeOf, main, ROOT, ScriptError, say } from './lib.mjs';
import { ensurePythons, ensureScreen } from './python.mjs';
import { ensureTestEnvironment } from './python-environment.mjs';

const argv = process.argv.slice(2);

// 不在 npm 里的对照组
const PROGRAMS = [
  {
    name: 'Go',
    command: 'go',
    probe: 'version',
    folders: ['/usr/local/go/bin', '/usr/lib/go/bin'],
    used: 'upload 的 tusd, fanout 的 centrifuge',
    install: 'https://go.dev/doc/install, 1.24 以上; 首次运行要能取到 Go 的模块',
  },
  {
    name: 'nginx',
    command: 'nginx',
    probe: '-v',
    // Debian 把它放在 /usr/sbin, 普通用户的 PATH 里没有
    folders: ['/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin', '/opt/homebrew/bin'],
    used: 'download',
    install: 'Debian / Ubuntu: apt-get update && apt-get install -y nginx-light',
  },
];

/** 对照组有自己的锁文件; 锁文件比安装结果新时重装 */
async function ensurePeers() {
  const folder = path.join(ROOT, 'bench', 'peers');
  const installed = path.join(folder, 'node_modules', '.package-lock.json');
  const lock = path.join(folder, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  say('正在安装压测的对照组 (bench/peers) ...');
  const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    // Windows 上 npm 是 npm.cmd, 须经 shell 才能启动
    shell: process.platform === 'win32',
  });
  if ((await exitCodeOf(child)) !== 0) throw new ScriptError('安装对照组失败, 原因见上');
}

/** 缺了也照跑, 只是少一个对照; 先说清楚, 免得跑完才发现 */
function reportMissingPeers() {
  const missing = PROGRAMS.filter(({ command, probe, folders }) => !isInstalled(command, probe, folders));
  for (const { name, used, install } of missing)
    say(`没有找到 ${name}, 将跳过它的对照 (${used})。安装: ${install}`);
}

/** Go 的安装包不改 PATH: 常见的位置也找, 与 isInstalled 一致 */
function searchPath() {
  return [process.env.PATH ?? '', ...PROGRAMS.flatMap(({ folders }) => folders)].join(path.delimiter);
}

function isInstalled(command, probe, folders) {
  const places = [command, ...folders.map((folder) => path.join(folder, command))];
  return places.some((place) => spawnSync(place, [probe], { stdio: 'ignore' }).status === 0);
}

async function bundle() {
  // 到这里才加载: 它需要 esbuild, 而依赖可能是刚装的
  const { bundleForNode } = await import('./bundle-node.mjs');
  const sourcesIn = (folder) =>
    readdirSync(path.join(ROOT, 'bench', folder))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `bench/${folder}/${name}`);
  await bundleForNode({
    entryPoints: ['bench/main.ts', ...sourcesIn('peers'), ...sourcesIn('generators')],
    outbase: 'bench',
    // 不放在 dist/: 重新构建会清掉那里不认识的文件, 而压测可能正在跑
    outdir: 'bench/dist',
  });
}

// 只有 web-* 与 desktop-* 要用真的客户端, 而且从不包含在默认的几项里
async function realClients() {
  const needsDesktop = argv.some((name) => name.startsWith('desktop-'));
  const needsBrowser = needsDesktop || argv.some((name) => name.startsWith('web-'));
  return {
    ...(needsBrowser && { SLUICE_TEST_BROWSER: await ensureBrowser() }),
    ...(needsDesktop && { SLUICE_TEST_PYTHON: await desktopPython() }),
  };
}

async function desktopPython() {
  await ensureScreen();
  return ensureTestEnvironment((await ensurePythons()).at(-1));
}

await main(async () => {
  await ensureDependencies();
  const helpOnly = argv.includes('--help');
  if (!helpOnly) await prepare();
  await bundle();
  const env = { ...process.env, PATH: searchPath(), ...(helpOnly ? {} : await realClients()) };
  const script = path.join('bench', 'dist', 'main.js');
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...argv], {
    cwd: ROOT,
    stdio: 'inherit',
    env,
  });
  // Ctrl+C 由压测自己收尾, 这里只等它结束
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const code = await exitCodeOf(child);
  // 未达到 (1) 也是结果; 出错 (2) 时没有新的
  if (argv.includes('--publish') && code <= 1) writeBenchTable();
  return code;
});

async function prepare() {
  // 只跑对照组, 或测别处的服务器时, 用不着 dist/main.js
  const ownServer = !argv.some((flag) => flag === '--peers-only' || flag.startsWith('--url'));
  if (ownServer) await ensureBuilt();
  await ensurePeers();
  reportMissingPeers();
}
