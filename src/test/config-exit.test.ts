// 配置不对就不启动: 真进程, 标准错误上一行中文, 退出码 2, 存储目录没有动过
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { MAIN, temporaryFolder } from './harness.js';

test('server.processes 大于 1: 说明要等集群总线, 以 2 退出, 什么也没有建', async (t) => {
  const storage = path.join(await temporaryFolder(t), 'storage');
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, SLUICE_PORT: '0', SLUICE_STORAGE: storage, SLUICE_SERVER_PROCESSES: '2' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  assert.equal(code, 2);
  assert.match(errors, /server\.processes = 2.*集群总线.*seq.*请设为 1\n$/);
  assert.equal(errors.trim().split('\n').length, 1);
  assert.equal(output, '', '没有开始监听');
  assert.ok(!existsSync(storage));
});
