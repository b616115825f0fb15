// 约 2 秒: 几个地址各占满自己的整帧与小帧的名额, 合起来过了水位: 请走他们, 加入了的人照常说话
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Client } from './client.js';
import { spawnServer, temporaryFolder } from './harness.js';
import { eventually } from './http-tools.js';
import { frame, OPCODES, RawClient, tryUpgrade } from './raw.js';

const MIB = 1024 * 1024;
const LARGE_BYTES = 16 * MIB;
const LARGE_PER_ADDRESS = 8;
const ADDRESSES = ['127.0.0.2', '127.0.0.4', '127.0.0.5'];

const onLinux = { skip: process.platform !== 'linux' && '127.0.0.x 只有 Linux 随便绑' };

it('内存过了水位: 不收新连接, 占得最多的地址里没加入的以 4009 请走, 降下来就又收', onLinux, async (t) => {
  const server = await spawnServer(t, await temporaryFolder(t), {
    SLUICE_TRUSTED_ADDRESSES: '',
    // 一个刚起来的进程约 110 MiB; 一个地址的整帧装得下, 三个装不下
    SLUICE_SERVER_MEMORY_BYTES: '320MiB',
  });
  const honest = await Client.join(t, server.ws, '诚实', {}, { localAddress: '127.0.0.3' });
  const closed: string[] = [];
  for (const address of ADDRESSES) {
    for (let count = 0; count < LARGE_PER_ADDRESS; count += 1) {
      const client = await RawClient.upgrade(t, server.port, '/', address).catch(() => undefined);
      if (client === undefined) continue;
      client.socket.once('close', () => closed.push(address));
      client.write(frame(OPCODES.binary, 'x', { claim: LARGE_BYTES }));
      client.write(Buffer.alloc(LARGE_BYTES - 2));
    }
  }
  await eventually('请走了占得最多的地址的', async () => closed.length >= LARGE_PER_ADDRESS);
  honest.send({ type: 'text', message: '照常', clientId: '1' });
  await honest.next('ack');
  await eventually('降下来就又收', async () => (await tryUpgrade(server.port)).status === 101);
  assert.equal(honest.closed, undefined, '加入了的人没有被请走');
});
