// 真正的客户端: 只信反向代理说的, 几行 X-Forwarded-For 也认得出最后一跳 (裸 socket 发出确切的头)
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { type Config, loadConfig } from '../config.js';
import { createLogger } from '../log.js';
import { startServer } from '../server.js';
import { atEnd, serve, temporaryFolder } from './harness.js';
import { RawSocket } from './http-tools.js';

type ServerSettings = Partial<Config['server']>;

const REFUSED = 503;

/** 每个地址只许一条连接的服务器; 返回函数: 以这些头升级, 占着连接, 得到状态码 */
async function door(
  t: TestContext,
  settings: ServerSettings,
): Promise<(...lines: string[]) => Promise<number>> {
  const { port } = await serve(t, {
    server: { trustedAddresses: [], connectionsPerAddress: 1, ...settings },
  });
  return (...lines) => upgrade(t, port, lines);
}

async function upgrade(t: TestContext, port: number, lines: readonly string[]): Promise<number> {
  const raw = await RawSocket.open(t, port);
  const key = randomBytes(16).toString('base64');
  const head = [
    'GET /ws HTTP/1.1',
    'Host: chat.example',
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    ...lines,
  ];
  const answer = await raw.write(`${head.join('\r\n')}\r\n\r\n`).answer();
  return Number(answer.split(' ')[1]);
}

const xff = (value: string): string => `X-Forwarded-For: ${value}`;

describe('真正的客户端: 地址', () => {
  it('代理另起一行 (HAProxy): 信它写的那一行, 不信客户端自己写的', async (t) => {
    const knock = await door(t, { trustProxy: true });
    assert.equal(await knock(xff('1.1.1.1'), xff('198.51.100.7')), 101);
    assert.equal(await knock(xff('2.2.2.2'), xff('198.51.100.7')), REFUSED, '换了伪造的一行也还是同一个人');
    assert.equal(await knock(xff('1.1.1.1'), xff('198.51.100.8')), 101, '伪造的一行相同也不是同一个人');
  });

  it('几层代理: 从右往左越过 trustedProxies 里的, IPv4, IPv6 与映射的写法都认', async (t) => {
    const knock = await door(t, { trustedProxies: ['127.0.0.0/8', '10.1.0.0/16', '2001:db8:aa::/48'] });
    assert.equal(await knock(xff('6.6.6.6, 198.51.100.7, 10.1.2.3')), 101);
    assert.equal(await knock(xff('198.51.100.7'), xff('2001:db8:aa:9::1'), xff('::ffff:10.1.9.9')), REFUSED);
    assert.equal(await knock(xff('198.51.100.7, 10.2.0.1')), 101, '10.2.0.1 不在名单里: 到它为止');
    assert.equal(await knock(xff('7.7.7.7, 10.2.0.1')), REFUSED);
    assert.equal(await knock(xff('10.1.0.9, 10.1.0.8')), 101, '全是代理: 最外面的那个');
    assert.equal(await knock(xff('::ffff:0a01:0009')), REFUSED, '同一个地址的另一种写法');
  });

  it('写成映射地址的网段管得到 IPv4 的对方', async (t) => {
    const knock = await door(t, { trustedProxies: ['::ffff:127.0.0.0/104', '::ffff:a01:0/112'] });
    assert.equal(await knock(xff('198.51.100.7, 10.1.2.3')), 101);
    assert.equal(await knock(xff('198.51.100.7')), REFUSED);
  });

  it('trustProxy 只相信一跳', async (t) => {
    const knock = await door(t, { trustProxy: true });
    assert.equal(await knock(xff('198.51.100.7, 10.0.0.1')), 101);
    assert.equal(await knock(xff('198.51.100.8, 10.0.0.1')), REFUSED);
    assert.equal(await knock(xff('198.51.100.7')), 101);
  });

  it('两样都设: 本机的一跳之外, 再越过名单里的', async (t) => {
    const knock = await door(t, { trustProxy: true, trustedProxies: ['203.0.113.0/24'] });
    assert.equal(await knock(xff('198.51.100.7, 203.0.113.5')), 101);
    assert.equal(await knock(xff('198.51.100.7, 203.0.113.99')), REFUSED);
  });

  it('带端口与方括号的写法就是那个地址', async (t) => {
    const knock = await door(t, { trustProxy: true });
    assert.equal(await knock(xff('198.51.100.7:51234')), 101);
    assert.equal(await knock(xff('198.51.100.7')), REFUSED);
    assert.equal(await knock(xff('[2001:db8:1:2::9]:443')), 101);
    assert.equal(await knock(xff('2001:db8:1:2::7')), REFUSED);
    assert.equal(await knock(xff('[2001:db8:1:2::5]')), REFUSED);
  });

  it('读不懂的一跳到此为止: 算作写下它的那个代理', async (t) => {
    const knock = await door(t, { trustedProxies: ['127.0.0.0/8', '10.1.0.0/16'] });
    assert.equal(await knock(xff('198.51.100.7, unknown, 10.1.0.1')), 101);
    assert.equal(await knock(xff('10.1.0.1')), REFUSED, '同是 10.1.0.1');
    assert.equal(await knock(), 101, '没有头: 代理自己');
    for (const broken of ['unknown', '_hidden', '1.2.3', '1.2.3.4.5', '[::1', 'x'.repeat(3000)]) {
      assert.equal(await knock(xff(`198.51.100.8, ${broken}`)), REFUSED, `${broken}: 算作代理自己`);
    }
  });

  it('Forwarded 与 X-Real-IP 不算数: 只加 X-Forwarded-For 的代理会原样放过它们', async (t) => {
    const knock = await door(t, { trustProxy: true });
    assert.equal(await knock('Forwarded: for=198.51.100.7', 'X-Real-IP: 198.51.100.7'), 101);
    assert.equal(await knock('Forwarded: for=198.51.100.8', 'X-Real-IP: 198.51.100.8'), REFUSED);
  });
});

describe('真正的客户端: 协议', () => {
  it('X-Forwarded-Proto 不分大小写, 几行时看代理自己写的那一行', async (t) => {
    const { port } = await serve(t, { server: { trustProxy: true } });
    const cases: readonly [readonly string[], boolean][] = [
      [['HTTPS'], true],
      [['Https '], true],
      [['https', 'http'], false],
      [['http', 'https'], true],
      [['http, https'], true],
      [['WSS'], true],
      [['ftp'], false],
      [[], false],
    ];
    for (const [values, secure] of cases) {
      const lines = values.map((value) => `X-Forwarded-Proto: ${value}`);
      assert.equal(await opensSecurely(t, port, lines), secure, values.join(' | '));
    }
  });

  it('几层代理各写一个: 取最外层受信任的代理写的; 只有一个时就是它', async (t) => {
    const { port } = await serve(t, { server: { trustedProxies: ['127.0.0.1', '10.1.0.0/16'] } });
    const chain = xff('198.51.100.7, 10.1.0.1');
    const secure = (...values: string[]) =>
      opensSecurely(t, port, [chain, ...values.map((value) => `X-Forwarded-Proto: ${value}`)]);
    assert.equal(await secure('https', 'http'), true);
    assert.equal(await secure('https'), true);
    assert.equal(await secure('https', 'http', 'http'), false, '最左的是客户端自己写的');
  });
});

// 页面经 https 打开时才有 Cross-Origin-Opener-Policy
async function opensSecurely(t: TestContext, port: number, lines: readonly string[]): Promise<boolean> {
  const raw = await RawSocket.open(t, port);
  const head = ['GET / HTTP/1.1', 'Host: chat.example', 'Accept-Encoding: br', ...lines];
  const answer = await raw.write(`${head.join('\r\n')}\r\n\r\n`).answer();
  raw.socket.destroy();
  return /^cross-origin-opener-policy: same-origin\r$/im.test(answer);
}

describe('真正的客户端: 不受信任的对方', () => {
  it('不理会它的头, 全程只提醒一次', async (t) => {
    const { port, warnings } = await listen(t, {
      trustedProxies: ['203.0.113.1'],
      trustedAddresses: [],
      connectionsPerAddress: 1,
    });
    assert.equal(await upgrade(t, port, [xff('198.51.100.7')]), 101);
    assert.equal(await upgrade(t, port, [xff('198.51.100.8')]), REFUSED);
    assert.equal(await opensSecurely(t, port, ['X-Forwarded-Proto: https']), false);
    // 连接的名额也拒绝过一次内网地址: 各提醒一次
    assert.deepEqual(
      warnings.map(({ event }) => event),
      ['forwarded_ignored', 'address_refused'],
    );
    for (const warning of warnings) {
      assert.equal(warning['address'], '127.0.0.1');
      assert.match(String(warning['msg']), /server\.trustedProxies/);
    }
    assert.match(String(warnings[1]?.['msg']), /server\.trustedAddresses/);
    assert.equal(warnings[1]?.['setting'], 'server.connectionsPerAddress');
  });

  it('什么都没有设而内网的对方发来: 也提醒一次, 多半是忘了设', async (t) => {
    const { port, warnings } = await listen(t, {});
    await opensSecurely(t, port, []);
    assert.equal(warnings.length, 0);
    for (const lines of [[xff('1.1.1.1')], ['X-Forwarded-Proto: https']]) await opensSecurely(t, port, lines);
    assert.equal(warnings.length, 1);
  });

  it('受信任的不提醒', async (t) => {
    const { port, warnings } = await listen(t, { trustProxy: true });
    await opensSecurely(t, port, [xff('1.1.1.1'), 'X-Forwarded-Proto: https']);
    assert.equal(warnings.length, 0);
  });
});

/** 看得到警告的服务器 */
async function listen(
  t: TestContext,
  settings: ServerSettings,
): Promise<{ port: number; warnings: Record<string, unknown>[] }> {
  const warnings: Record<string, unknown>[] = [];
  const write = (line: string): void => void warnings.push(JSON.parse(line) as Record<string, unknown>);
  const config = loadConfig({
    env: {},
    args: [],
    overrides: {
      // 几条连接就够: 别让描述符不够的提醒 (看机器的 ulimit) 混进来
      server: { host: '127.0.0.1', port: 0, maxConnections: 100, ...settings },
      storage: { path: await temporaryFolder(t) },
    },
  });
  const server = await startServer(config, createLogger({ level: 'warn', pretty: 'never' }, { write }));
  atEnd(t, () => server.stop());
  return { port: server.port, warnings };
}
