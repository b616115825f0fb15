// 存储目录的独占: 第二个服务器不得对账别人正在写的文件
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atEnd, spawnServer, temporaryFolder } from './harness.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

test('独占: 另一个服务器正用着的目录, 启动失败并说明; kill -9 留下的锁自动接管, 正常停止则归还', async (t) => {
  const storage = await temporaryFolder(t);
  const first = await spawnServer(t, storage);
  const env = { ...process.env, SLUICE_HOST: '127.0.0.1', SLUICE_PORT: '0', SLUICE_STORAGE: storage };
  const second = spawnSync(process.execPath, [MAIN], { env, encoding: 'utf8' });
  assert.equal(second.status, 1);
  assert.match(second.stdout, new RegExp(`正由进程 ${first.child.pid} 使用`));
  await first.kill();
  const third = await spawnServer(t, storage);
  assert.equal(await third.signal('SIGTERM'), 0);
  assert.equal(existsSync(path.join(storage, '.lock')), false);
});

test('独占: 内容损坏的锁不妨碍启动', async (t) => {
  const storage = await temporaryFolder(t);
  writeFileSync(path.join(storage, '.lock'), '不是进程号');
  await spawnServer(t, storage);
});

// 别的系统看不到一个进程打开了什么
const onlyLinux = { skip: process.platform !== 'linux' };

test('独占: 断电留下的锁里的进程号轮到了别人, 自动接管', onlyLinux, async (t) => {
  const storage = await temporaryFolder(t);
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  atEnd(t, () => other.kill());
  writeFileSync(path.join(storage, '.lock'), String(other.pid));
  const { child } = await spawnServer(t, storage);
  assert.equal(readFileSync(path.join(storage, '.lock'), 'utf8'), String(child.pid));
});

test('独占: 历史不落盘的也占着自己的目录', async (t) => {
  const storage = await temporaryFolder(t);
  const env = { SLUICE_HISTORY_STORE: 'memory' };
  const { child } = await spawnServer(t, storage, env);
  const second = spawnSync(process.execPath, [MAIN], {
    env: { ...process.env, ...env, SLUICE_HOST: '127.0.0.1', SLUICE_PORT: '0', SLUICE_STORAGE: storage },
    encoding: 'utf8',
  });
  assert.equal(second.status, 1);
  assert.match(second.stdout, new RegExp(`正由进程 ${child.pid} 使用`));
});
