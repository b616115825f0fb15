// 约 12 秒: 一个地址同时占文件的各种位子 (第 13 号的 A4, A5, A7, A12): 停放, 等着下载, 不传的上传, 大图; 旁人照常聊天, 上传, 下载, 看缩略图
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import sharp from 'sharp';
import { ATTACKER, onLinux, type Stage, underAttack } from './attack-tools.js';
import { Client, type Message } from './client.js';
import { offerOf } from './following.js';
import { formHeaders, multipart } from './http-tools.js';

const CONNECTIONS = 32;
const PER_CONNECTION = 8;
const READERS = 256;
const PICTURES = 70;
const CHUNK = 256 * 1024;
const SOURCE = { localAddress: ATTACKER };

/** 一条连接开满它的上传, 各传一个分片就不动了; 给出做成的 */
async function idle({ t, server, spend, count }: Stage, name: string): Promise<[Client, Message[]]> {
  const client = await Client.join(t, server.ws, name, { features: ['batch', 'offer'] }, SOURCE);
  for (let index = 0; index < PER_CONNECTION; index += 1) {
    client.send({ type: 'file_start', clientId: `c${index}`, originalName: 'a.bin', size: 4 * CHUNK });
  }
  const ready: Message[] = [];
  for (let index = 0; index < PER_CONNECTION; index += 1) {
    const answer = await client.next(({ type }) => type === 'file_ready' || type === 'error');
    count(answer.type === 'file_ready' ? '上传' : '上传被拒');
    if (answer.type === 'file_ready') ready.push(answer);
  }
  for (const { uploadId } of ready.slice(1)) {
    await spend(CHUNK);
    client.sendChunk(String(uploadId), 0, Buffer.alloc(CHUNK));
  }
  return [client, ready];
}

function ask({ t, count }: Stage, url: string): void {
  const asked = get(url, { ...SOURCE, agent: false }, (response: IncomingMessage) => {
    count(response.statusCode === 503 ? '下载被拒' : '下载');
    response.resume();
  });
  asked.on('error', () => {});
  t.after(() => asked.destroy());
}

async function pictures({ server, count, over, spend }: Stage): Promise<void> {
  const create = { width: 8000, height: 8000, channels: 3 as const, background: '#37a' };
  const data = await sharp({ create }).png().toBuffer();
  for (let index = 0; index < PICTURES && !over.aborted; index += 1) {
    const body = multipart([{ data: `图${index}` }, { fileName: 'a.png', data }]);
    await spend(body.length);
    const headers = { ...formHeaders(), 'Content-Length': String(body.length) };
    const asked = request(`${server.http}/api/files`, { method: 'POST', headers, ...SOURCE, agent: false });
    asked.on('error', () => {});
    asked.end(body);
    void once(asked, 'response').then(
      ([response]) => {
        count(`图片 ${response.statusCode}`);
        response.resume();
      },
      () => {},
    );
  }
}

test('攻击: 停放, 等着下载, 不传的上传与大图一起来, 旁人的文件照常', onLinux, async (t) => {
  const { attacker } = await underAttack(t, {
    seconds: 10,
    thumbs: true,
    run: async (stage) => {
      const [silent, [first]] = await idle(stage, '甲');
      const url = String((await offerOf(silent, first ?? assert.fail('一个也没有开始')))['url']);
      for (let reader = 0; reader < READERS; reader += 1) ask(stage, url);
      const drawn = pictures(stage);
      for (let round = 0; round < CONNECTIONS && !stage.over.aborted; round += 1) {
        const [client] = await idle(stage, `乙${round}`);
        // 一半断开: 停放着的越来越多
        if (round % 2 === 0) client.socket.close();
      }
      await drawn;
    },
  });
  assert.ok((attacker['下载被拒'] ?? 0) > 0, JSON.stringify(attacker));
});
