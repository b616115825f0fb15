// npm start: 装依赖, 构建, 运行服务器; 参数, 信号与退出码都原样传递
import { spawn } from 'node:child_process';
import path from 'node:path';
import { DIST, ensureReady, exitCodeOf, main } from './lib.mjs';

await main(async () => {
  await ensureReady();
  // 不改 cwd: 相对的 storage.path 按用户所在的文件夹解释
  const child = spawn(process.execPath, [path.join(DIST, 'main.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    process.on(signal, () => {
      // 终端里的 Ctrl-C 由终端发给整个进程组; 再转发一次会被当成第二次, 变成强制退出
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  return exitCodeOf(child);
});
