// 一个地址用 256 个不同的 Host 占着 (issue 13 的 A10): 新人带着各自的 Host 照样进来; 约 8 秒
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttackSocket } from './attack-socket.js';
import { BYSTANDER, onLinux, type Stage, underAttack } from './attack-tools.js';
import { frame, OPCODES } from './raw.js';

const HOSTS = 256;

async function occupy(stage: Stage, index: number): Promise<void> {
  const name = `占位${index}`;
  const socket = await AttackSocket.upgrade(stage, '/', { Host: `host-${index}.example` });
  stage.count(socket.closed ? '连接被拒' : '连接');
  await socket.write(frame(OPCODES.text, JSON.stringify({ type: 'user_update', action: 'join', name })));
}

async function newcomer({ port, over }: Stage, host: string): Promise<void> {
  const socket = await AttackSocket.upgrade({ port, over, localAddress: BYSTANDER }, '/', { Host: host });
  assert.equal(socket.closed, false, socket.tail);
  await socket.write(
    frame(OPCODES.text, JSON.stringify({ type: 'user_update', action: 'join', name: host })),
  );
  assert.ok(await socket.heard('"welcome"'), socket.tail);
}

test('攻击: 256 个 Host, 新人用别的 Host 照样进来', onLinux, async (t) => {
  await underAttack(t, {
    seconds: 6,
    run: async (stage) => {
      for (let index = 0; index < HOSTS; index += 1) await occupy(stage, index);
      for (const host of ['chat.example', 'sluice.lan', 'office.example']) await newcomer(stage, host);
    },
  });
});
