// 传输连接的网址: 新的服务器凭票, 从前的服务器凭令牌
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Limits } from '../../../src/protocol/messages.js';
import type { Identity } from '../../src/model/connection.js';
import { transferUrl } from '../../src/net/upload/transfer-door.js';

const origin = 'wss://chat.example';

function identity(features: readonly string[]): Identity {
  return { name: '张三', session: 'a+b/c', limits: {} as Limits, features };
}

describe('传输连接的网址', () => {
  it('服务器给票就用票, 每次一张新的; 令牌不在里面', async () => {
    let count = 0;
    const ports = {
      origin,
      identity: () => identity(['ticket']),
      ticket: async () => {
        count += 1;
        return `t${count}`;
      },
    };
    assert.equal(await transferUrl(ports), `${origin}/ws/transfer?ticket=t1`);
    assert.equal(await transferUrl(ports), `${origin}/ws/transfer?ticket=t2`);
  });

  it('从前的服务器没有票: 用令牌, 不问它', async () => {
    const ticket = (): Promise<string> => Promise.reject(new Error('不该问'));
    assert.equal(
      await transferUrl({ origin, identity: () => identity(['batch']), ticket }),
      `${origin}/ws/transfer?session=a%2Bb%2Fc`,
    );
  });

  it('没有连上: offline', async () => {
    const ticket = (): Promise<string> => Promise.reject(new Error('不该问'));
    await assert.rejects(transferUrl({ origin, identity: () => undefined, ticket }), { code: 'offline' });
  });
});
