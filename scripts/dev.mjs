// npm run dev: src 或 web 变化时重新构建并重启; 构建不过时旧的服务器继续运行
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DIST, ensureReady, exitCodeOf, main, ROOT, ScriptError, say } from './lib.mjs';

// 编辑器一次保存会触发几个事件
const SETTLE_MS = 200;
// 比 server.stopGraceMs 略长; 再不退就强制
const STOP_MS = 8000;

let server;
let dirty = false;
let running = false;
let timer;

await main(async () => {
  await ensureReady();
  startServer();
  for (const folder of ['src', 'web', 'config']) {
    fs.watch(path.join(ROOT, folder), { recursive: true }, schedule);
  }
  say('正在监视 src, web 与 config 的变化');
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, quit);
  // 由信号结束; fs.watch 让进程活着
  await new Promise(() => undefined);
});

function startServer() {
  server = spawn(process.execPath, [path.join(DIST, 'main.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
}

async function stopServer() {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const force = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
  const exited = exitCodeOf(server);
  server.kill('SIGTERM');
  await exited;
  clearTimeout(force);
}

function schedule() {
  dirty = true;
  clearTimeout(timer);
  timer = setTimeout(rebuildWhileDirty, SETTLE_MS);
}

// 同时只有一轮; 构建期间的变化由循环补上
async function rebuildWhileDirty() {
  if (running) return;
  running = true;
  while (dirty) {
    dirty = false;
    await rebuild();
  }
  running = false;
}

async function rebuild() {
  try {
    await ensureReady();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    say(`${error.message}; 旧的服务器继续运行`);
    return;
  }
  await stopServer();
  startServer();
}

async function quit() {
  await stopServer();
  process.exit(0);
}
