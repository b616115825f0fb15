// 一个地址连上, 说完一个连接的份额就断, 再连 (issue 13 的 A1); 约 12 秒
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttackSocket } from './attack-socket.js';
import { onLinux, type Stage, underAttack } from './attack-tools.js';
import { frame, OPCODES } from './raw.js';

const WORKERS = 24;
const TEXTS = 38;

const JOINED_TEXTS = (name: string): Buffer => {
  const texts = Array.from({ length: TEXTS }, () =>
    frame(OPCODES.text, JSON.stringify({ type: 'text', name, message: 'x' })),
  );
  return Buffer.concat(texts);
};

async function worker(stage: Stage, index: number): Promise<void> {
  for (let round = 0; !stage.over.aborted; round += 1) {
    const socket = await AttackSocket.upgrade(stage);
    if (socket.closed) {
      stage.count('连接被拒');
      // 被拒也不歇着, 但不空转
      await stage.spend(1000);
      continue;
    }
    const bytes = JOINED_TEXTS(`洪水${index}-${round}`);
    await stage.spend(bytes.length);
    await socket.write(bytes);
    await socket.heard('"type":"text"');
    stage.count('轮');
    socket.close();
  }
}

test('攻击: 反复重连, 每次说满一个连接的份额', onLinux, async (t) => {
  const { attacker } = await underAttack(t, {
    seconds: 8,
    run: (stage) => Promise.all(Array.from({ length: WORKERS }, (_, index) => worker(stage, index))),
  });
  assert.ok((attacker['轮'] ?? 0) > 0);
});
