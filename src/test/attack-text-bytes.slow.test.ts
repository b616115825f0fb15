// 一个地址的 256 条连接, 每条每秒 20 句, 每句 16 KB (issue 13 的 A9); 约 14 秒
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AttackSocket } from './attack-socket.js';
import { onLinux, type Stage, underAttack } from './attack-tools.js';
import { frame, OPCODES } from './raw.js';

const CONNECTIONS = 256;
const PER_SECOND = 20;
const MESSAGE = 'x'.repeat(16_000);

async function talker(stage: Stage, index: number): Promise<void> {
  const name = `大嗓门${index}`;
  const text = frame(OPCODES.text, JSON.stringify({ type: 'text', name, message: MESSAGE }));
  let socket: AttackSocket | undefined;
  while (!stage.over.aborted) {
    if (socket === undefined || socket.closed) socket = await AttackSocket.upgrade(stage);
    if (socket.closed) {
      stage.count('连接被拒');
      await sleep(1000);
      continue;
    }
    await stage.spend(text.length);
    if (await socket.write(text)) stage.count('写出的文字');
    await sleep(1000 / PER_SECOND);
  }
}

test('攻击: 256 条连接一齐说 16 KB 一句的话', onLinux, async (t) => {
  await underAttack(t, {
    seconds: 10,
    run: (stage) => Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => talker(stage, index))),
  });
});
