// 一个地址开 20 条连接, 每条一口气要 1,000 次, 一个字节也不读 (issue 13 的 A2): 脚本, 历史, 文件与错误; 约 10 秒
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttackSocket } from './attack-socket.js';
import { onLinux, type Stage, underAttack } from './attack-tools.js';
import { httpCall } from './http-call.js';
import { publishOne } from './http-tools.js';

const SOCKETS = 20;
const REQUESTS = 1000;
const MIB = 1024 * 1024;

/** 值得要的: 网页的脚本, 一页历史, 一个文件, 错误 */
async function targets({ server }: Stage): Promise<string[]> {
  const page = await httpCall(server.port, { path: '/' });
  const script = /src="([^"]+\.js)"/.exec(page.body.toString())?.[1] ?? assert.fail('网页没有脚本');
  const { url } = await publishOne(server.http, '要的.bin', Buffer.alloc(MIB, 1));
  return [new URL(script, server.http).pathname, '/api/messages', new URL(String(url)).pathname, '/nowhere'];
}

async function pipeline(stage: Stage, path: string): Promise<void> {
  const socket = await AttackSocket.open({ ...stage, deaf: true });
  const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(REQUESTS));
  await stage.spend(bytes.length);
  await socket.write(bytes);
  stage.count(path.startsWith('/files/') ? '/files/' : path, REQUESTS);
}

test('攻击: 成千个不读的请求挤在一条连接上', onLinux, async (t) => {
  await underAttack(t, {
    seconds: 8,
    run: async (stage) => {
      const paths = await targets(stage);
      while (!stage.over.aborted) {
        const round = paths.flatMap((path) =>
          Array.from({ length: SOCKETS / 4 }, () => pipeline(stage, path)),
        );
        await Promise.all(round);
      }
    },
  });
});
