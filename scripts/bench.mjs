// npm run bench -- [名称] [参数]: 装好项目与对照组, 打包 bench/, 运行
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { ensureBuilt, ensureDependencies, exitCodeOf, main, ROOT, ScriptError, say } from './lib.mjs';
import { ensureEnvironment, ensurePythons, ensureScreen } from './python.mjs';

const argv = process.argv.slice(2);

/** 对照组有自己的锁文件; 锁文件比安装结果新时重装 */
async function ensurePeers() {
  const folder = path.join(ROOT, 'bench', 'peers');
  const installed = path.join(folder, 'node_modules', '.package-lock.json');
  const lock = path.join(folder, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  say('正在安装压测的对照组 (multer, express) ...');
  const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    // Windows 上 npm 是 npm.cmd, 须经 shell 才能启动
    shell: process.platform === 'win32',
  });
  if ((await exitCodeOf(child)) !== 0) throw new ScriptError('安装对照组失败, 原因见上');
}

async function bundle() {
  // 到这里才加载: 它需要 esbuild, 而依赖可能是刚装的
  const { bundleForNode } = await import('./bundle-node.mjs');
  const generators = readdirSync(path.join(ROOT, 'bench', 'generators')).map(
    (name) => `bench/generators/${name}`,
  );
  await bundleForNode({
    entryPoints: ['bench/main.ts', 'bench/peers/bare-uws.ts', 'bench/peers/idle-uws.ts', ...generators],
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
  return ensureEnvironment((await ensurePythons()).at(-1));
}

await main(async () => {
  await ensureDependencies();
  // 只跑对照组, 或测别处的服务器时, 用不着 dist/main.js
  const ownServer = !argv.some((flag) => flag === '--peers-only' || flag.startsWith('--url'));
  if (ownServer) await ensureBuilt();
  await ensurePeers();
  await bundle();
  const env = { ...process.env, ...(await realClients()) };
  const script = path.join('bench', 'dist', 'main.js');
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...argv], {
    cwd: ROOT,
    stdio: 'inherit',
    env,
  });
  // Ctrl+C 由压测自己收尾, 这里只等它结束
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return exitCodeOf(child);
});
