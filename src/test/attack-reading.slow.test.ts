// 占住下载与缩略图 (issue 13 的 A5 与 A12): 256 个人等一个从不传的上传, 70 张 6400 万像素的图; 旁人的每一件事照常; 约 20 秒
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { AttackSocket } from './attack-socket.js';
import { onLinux, type Stage, underAttack } from './attack-tools.js';
import { Client } from './client.js';
import { formCall, httpCall } from './http-call.js';

const READERS = 256;
const PICTURES = 70;
const EDGE = 8000;

async function silentOffer({ t, server, localAddress }: Stage): Promise<string> {
  const client = await Client.join(t, server.ws, '只说不传', { features: ['offer'] }, { localAddress });
  client.send({
    type: 'file_start',
    clientId: 'c',
    originalName: 'a.bin',
    size: 1_000_000,
    encoding: 'binary',
  });
  const offer = await client.next('file_offer');
  return new URL(String(offer['url'])).pathname;
}

test('攻击: 256 个人等一个从不传的上传', onLinux, async (t) => {
  await underAttack(t, {
    seconds: 6,
    run: async (stage) => {
      const path = await silentOffer(stage);
      for (let index = 0; index < READERS; index += 1) {
        const socket = await AttackSocket.open(stage);
        await socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
        stage.count('等着的');
      }
    },
  });
});

test('攻击: 70 张 6400 万像素的图', onLinux, async (t) => {
  const create = { width: EDGE, height: EDGE, channels: 3, background: '#37a' } as const;
  const data = await sharp({ create }).png({ compressionLevel: 9 }).toBuffer();
  const { attacker } = await underAttack(t, {
    seconds: 9,
    thumbs: true,
    run: async (stage) => {
      const { port, localAddress, over } = stage;
      const upload = async (index: number): Promise<void> => {
        // 各不相同: 一样的内容只做一次
        const form = formCall([
          { data: '画家' },
          { fileName: 'a.png', data: Buffer.concat([data, Buffer.from(`${index}`)]) },
        ]);
        await stage.spend(data.length);
        const answer = await httpCall(port, { ...form, localAddress, signal: over }).catch(() => undefined);
        stage.count(answer === undefined ? '没有应答' : String(answer.status));
      };
      await Promise.all(Array.from({ length: PICTURES }, (_, index) => upload(index)));
    },
  });
  // 一张也没有收下的话, 什么也没有攻击到
  assert.ok((attacker['201'] ?? 0) > 0, JSON.stringify(attacker));
});
