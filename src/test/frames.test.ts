// 帧: 过大的, 半截的, 不合规矩的, 分成几段的
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from './client.js';
import { serve } from './harness.js';
import { frame, OPCODES, RawClient } from './raw.js';

const JOIN = JSON.stringify({ type: 'user_update', action: 'join', name: '裸' });
const text = (message: string): string => JSON.stringify({ type: 'text', message });

/** 恰好 bytes 字节的一帧 file */
function fileFrame(bytes: number): string {
  const shell = JSON.stringify({ type: 'file', originalName: 'a.bin', filedata: '' });
  return shell.replace('""', `"${'A'.repeat(bytes - shell.length)}"`);
}

describe('帧: 大小', () => {
  it('恰好 frameBytes 的收下', async (t) => {
    const { ws } = await serve(t, { files: { frameBytes: 4096 } });
    const client = await Client.join(t, ws, '张三');
    // 空白也算在帧里
    client.sendRaw(fileFrame(4000).padEnd(4096, ' '));
    await client.next((m) => m.type === 'file' || m.type === 'error');
    assert.equal(client.of('error').length, 0);
  });

  it('略微超过 frameBytes: 先得到 frame_too_large, 再以 1009 断开', async (t) => {
    const { ws } = await serve(t, { files: { frameBytes: 4096 } });
    const witness = await Client.join(t, ws, '见证');
    for (const data of [fileFrame(4097), fileFrame(8192), Buffer.alloc(5000, 1)]) {
      const client = await Client.join(t, ws, '张三');
      client.sendRaw(data);
      const error = await client.error('frame_too_large');
      assert.equal(error['limit'], 4096);
      assert.deepEqual(await client.close(), { code: 1009, reason: 'frame_too_large' });
      await witness.next((m) => m['action'] === 'leave');
    }
  });

  it('超出 64 KiB 以上的由传输层直接切断, 分成几段累计超过的也是; 回来时知道是为什么', async (t) => {
    const { ws } = await serve(t, { files: { frameBytes: 4096 } });
    const witness = await Client.join(t, ws, '见证');
    const whole = await Client.join(t, ws, '一整帧');
    const session = whole.welcome['session'];
    whole.sendRaw(fileFrame(4097 + 64 * 1024));
    assert.equal((await whole.close()).code, 1006);
    const back = await Client.join(t, ws, '一整帧', { session });
    assert.deepEqual(back.welcome['lastClose'], { code: 1009, reason: 'frame_too_large' });
    const pieces = await Client.join(t, ws, '几段');
    const piece = 'x'.repeat(30_000);
    for (const fin of [false, false, true]) pieces.socket.send(piece, { fin });
    assert.equal((await pieces.close()).code, 1006);
    await witness.settle();
  });
});

describe('帧: 分段', () => {
  it('分成几段, 中间夹着 ping 的一条消息照样送达', async (t) => {
    const { ws, port } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const raw = await RawClient.upgrade(t, port);
    raw.write(frame(OPCODES.text, JOIN));
    const message = Buffer.from(text('汉字分段'));
    // 从汉字中间切开: UTF-8 要到拼完再查
    raw.write(frame(OPCODES.text, message.subarray(0, 27), { fin: false }));
    raw.write(frame(OPCODES.ping, 'x'));
    for (const byte of message.subarray(27, -1)) {
      raw.write(frame(OPCODES.continuation, Buffer.from([byte]), { fin: false }));
    }
    raw.write(frame(OPCODES.continuation, message.subarray(-1)));
    assert.equal((await witness.next('text'))['message'], '汉字分段');
  });

  it('一个字节一个字节到的帧也一样', async (t) => {
    const { ws, port } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const raw = await RawClient.upgrade(t, port);
    raw.socket.setNoDelay(true);
    for (const byte of Buffer.concat([frame(OPCODES.text, JOIN), frame(OPCODES.text, text('逐字节'))])) {
      raw.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    assert.equal((await witness.next('text'))['message'], '逐字节');
  });
});

describe('帧: 不合规矩', () => {
  it('没有掩码, 坏 UTF-8, 保留位, 未知操作码, 孤立的续帧: 至多断开它自己', async (t) => {
    const { ws, port } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const reserved = frame(OPCODES.text, text('保留位'));
    reserved[0] = 0xf1;
    const attacks = [
      frame(OPCODES.text, text('没有掩码'), { mask: false }),
      frame(OPCODES.text, Buffer.from([0x22, 0xff, 0xfe, 0x22])),
      reserved,
      frame(3, 'x'),
      frame(15, 'x'),
      frame(OPCODES.continuation, 'x'),
      // 控制帧不许超过 125 字节, 不许分段
      frame(OPCODES.ping, 'x'.repeat(126)),
      frame(OPCODES.ping, 'x', { fin: false }),
      frame(OPCODES.close, Buffer.from([0x03])),
      frame(OPCODES.close, Buffer.from([0x00, 0x00])),
      // 声明的长度: 2^63, 与超过上限的
      Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
      frame(OPCODES.binary, 'x', { claim: 1_000_000_000 }),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ];
    for (const attack of attacks) {
      const raw = await RawClient.upgrade(t, port);
      raw.write(attack);
      raw.write(frame(OPCODES.close, ''));
      raw.socket.end();
      await raw.close();
    }
    witness.send({ type: 'text', message: '还在' });
    assert.equal((await witness.next('text'))['seq'], 1);
  });
});

describe('帧: 停在半途', { concurrency: true }, () => {
  it('半截的帧之后不再动, 连 ping 也不答: 到 idleTimeoutS 断开, 用户下线', async (t) => {
    const { ws, port } = await serve(t, { server: { idleTimeoutS: 8 } });
    const witness = await Client.join(t, ws, '见证');
    const raw = await RawClient.upgrade(t, port);
    raw.write(frame(OPCODES.text, JOIN));
    await witness.next((m) => m['name'] === '裸');
    raw.write(frame(OPCODES.text, text('永远发不完')).subarray(0, 9));
    await raw.close();
    await witness.next((m) => m['action'] === 'leave' && m['name'] === '裸');
  });

  it('守规矩而沉默的客户端不会因为闲着被断开', async (t) => {
    const { ws, port } = await serve(t, { server: { idleTimeoutS: 8 } });
    const quiet = await Client.join(t, ws, '安静');
    const raw = await RawClient.upgrade(t, port);
    raw.write(frame(OPCODES.text, JOIN));
    // 不答 ping 的那个断了, 说明期限已过
    await raw.close();
    await quiet.settle();
    assert.equal(quiet.closed, undefined);
  });

  it('半截的 HTTP 头被切断, 不占住服务器', async (t) => {
    const { ws, port } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const stalled = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const raw = await RawClient.open(t, port);
        raw.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
        return raw;
      }),
    );
    await Promise.all(stalled.map((raw) => raw.close()));
    await witness.settle();
  });
});
