// 占住上传的名额 (issue 13 的 A4 与 A7): 停放几千个恰好一个分片的, 开着几百个从不传的; 旁人的每一件事照常; 约 18 秒
import { test } from 'node:test';
import { onLinux, type Stage, underAttack } from './attack-tools.js';
import { Client } from './client.js';

const CHUNK_BYTES = 1024;
const WORKERS = 24;
// 一个会话同时进行的上限 (uploads.perSession)
const PER_SESSION = 8;
const IDLE_CONNECTIONS = 32;

/** 一条新的连接上开始 PER_SESSION 个; 返回它与开始成了的 */
async function start(stage: Stage, name: string, chunk: Buffer): Promise<Client | undefined> {
  const { t, server, localAddress } = stage;
  const client = await Client.open(t, server.ws, { localAddress }).catch(() => undefined);
  client?.send({ type: 'user_update', action: 'join', name, features: ['offer'] });
  const joined = await client?.next(({ type }) => type === 'welcome' || type === 'error');
  if (client === undefined || joined?.type !== 'welcome') {
    stage.count('进门被拒');
    client?.socket.close();
    return undefined;
  }
  for (let index = 0; index < PER_SESSION; index += 1) {
    client.send({
      type: 'file_start',
      clientId: `c${index}`,
      originalName: 'a.bin',
      size: 2 * CHUNK_BYTES,
      encoding: 'binary',
    });
  }
  for (let index = 0; index < PER_SESSION; index += 1) {
    const answer = await client.next(({ type }) => type === 'file_ready' || type === 'error');
    stage.count(answer.type === 'error' ? String(answer['code']) : '开始了的上传');
    if (answer.type === 'file_ready' && chunk.length > 0)
      client.sendChunk(String(answer['uploadId']), 0, chunk);
  }
  return client;
}

async function park(stage: Stage, worker: number): Promise<void> {
  for (let round = 0; !stage.over.aborted; round += 1) {
    await stage.spend(PER_SESSION * CHUNK_BYTES);
    const client = await start(stage, `停放${worker}-${round}`, Buffer.alloc(CHUNK_BYTES, 1));
    client?.socket.close();
  }
}

test('攻击: 几千个恰好传了一个分片就停放的上传', onLinux, async (t) => {
  await underAttack(t, {
    seconds: 7,
    env: { SLUICE_FILES_CHUNK_BYTES: String(CHUNK_BYTES) },
    run: (stage) => Promise.all(Array.from({ length: WORKERS }, (_, index) => park(stage, index))),
  });
});

test('攻击: 256 个开始了而从不传的上传', onLinux, async (t) => {
  await underAttack(t, {
    seconds: 6,
    run: (stage) =>
      Promise.all(
        Array.from({ length: IDLE_CONNECTIONS }, (_, index) => start(stage, `闲着${index}`, Buffer.alloc(0))),
      ),
  });
});
