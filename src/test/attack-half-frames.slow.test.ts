// 一个地址的几百个只差一个字节的大帧: 传输的, 整帧的两倍, 整帧, 小帧, 都停着不写完 (issue 13 的 A3); 约 13 秒
import { test } from 'node:test';
import { AttackSocket } from './attack-socket.js';
import { onLinux, type Stage, underAttack } from './attack-tools.js';
import { Client } from './client.js';
import { frame, OPCODES } from './raw.js';

// 不超过新连接的桶: 每一种都真的占满
const SOCKETS = 256;
const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(MIB, 0x20);

async function halfFrame(stage: Stage, path: string, claim: number): Promise<void> {
  const socket = await AttackSocket.upgrade(stage, path);
  if (socket.closed) {
    stage.count('连接被拒');
    return;
  }
  stage.count('连接');
  await socket.write(frame(OPCODES.text, 'x', { claim }));
  // 差一个字节就完整; 不限速: 限在 2.5 MB/s 要几分钟才见得到
  for (let left = claim - 2; left > 0; left -= MIB) {
    if (!(await socket.write(PIECE.subarray(0, left)))) stage.count('写到一半被断开');
    if (socket.closed) return;
  }
}

const TRANSFERS = 48;
// 一个会话的连接有上限: 多进几个人
const SESSIONS = 6;
const TRANSFER_BYTES = 3 * MIB;

// 各占各的门: 太大的当场断开, 整帧的只有几个名额, 余下的都给小帧
const WAVES = [
  { path: '/', claim: 32 * MIB - 1, count: 32 },
  { path: '/', claim: 16 * MIB, count: 32 },
  { path: '/?frames=small', claim: MIB, count: SOCKETS },
];

async function session(stage: Stage, index: number): Promise<unknown> {
  const { t, server, localAddress } = stage;
  const client = await Client.join(t, `${server.ws}/?frames=small`, `半帧${index}`, {}, { localAddress });
  return client.welcome['session'];
}

test('攻击: 各处的门都占满写到差一个字节就停住的帧', onLinux, async (t) => {
  await underAttack(t, {
    seconds: 11,
    run: async (stage) => {
      const sessions = await Promise.all(
        Array.from({ length: SESSIONS }, (_, index) => session(stage, index)),
      );
      for (let count = 0; count < TRANSFERS; count += 1) {
        await halfFrame(stage, `/ws/transfer?session=${sessions[count % SESSIONS]}`, TRANSFER_BYTES);
      }
      for (const { path, claim, count } of WAVES) {
        for (let index = 0; index < count; index += 1) await halfFrame(stage, path, claim);
      }
    },
  });
});
