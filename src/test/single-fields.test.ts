// 只能有一个的请求头写了两次: 代理与我们可能各信一个, 所以每个入口都以 400 拒绝 (裸 socket 发出确切的头)
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { serve } from './harness.js';
import { BOUNDARY, bodyOf, multipart, publishOne, RawSocket } from './http-tools.js';

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];
const NO_FILE = '/files/00000000-0000-4000-8000-000000000000.txt';

const request = (line: string, headers: readonly string[], body = ''): string =>
  `${[`${line} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n${body}`;

/** 应答的状态码与错误码; 顺带核对随后断开, 而且只有这一个应答 */
async function refusal(t: TestContext, port: number, text: string | Uint8Array): Promise<[number, string]> {
  const raw = await RawSocket.open(t, port);
  const answer = await raw.write(text).end();
  assert.equal(answer.match(/^HTTP\/1\.1 /gm)?.length, 1, answer);
  assert.match(answer, /^connection: close\r$/im);
  const { error } = JSON.parse(bodyOf(answer).toString('utf8') || '{"error":{"code":""}}') as {
    error: { code: string };
  };
  return [Number(answer.split(' ')[1]), error.code];
}

describe('重复的头', () => {
  it('Host, Origin, Content-Length 两次: 每个入口都是 400 invalid_field, 然后断开', async (t) => {
    const { http, port } = await serve(t);
    const own = `Origin: ${http}`;
    const doubles = [
      ['Host: a', 'Host: b'],
      ['Host: a', 'host: a'],
      [`Host: 127.0.0.1:${port}`, own, 'Origin: http://evil.example'],
      ['Host: a', 'Content-Length: 0', 'Content-Length: 0'],
    ];
    const lines = [
      'GET /',
      'GET /no-such.js',
      'GET /healthz',
      'GET /api/users',
      'GET /api/messages',
      'GET /api/search?query=x',
      'GET /api/limits',
      'GET /api/none',
      `GET ${NO_FILE}`,
      'POST /api/files',
      'OPTIONS /api/files',
      'BREW /x',
    ];
    for (const double of doubles) {
      const upgrades = ['/', '/ws', '/ws/transfer'].map((path) =>
        request(`GET ${path}`, [...double, ...UPGRADE]),
      );
      for (const text of [...lines.map((line) => request(line, double)), ...upgrades]) {
        assert.deepEqual(await refusal(t, port, text), [400, 'invalid_field'], text);
      }
    }
  });

  it('HEAD 也是 400, 不带应答体', async (t) => {
    const { port } = await serve(t);
    for (const path of ['/', '/api/users', NO_FILE]) {
      const text = request(`HEAD ${path}`, ['Host: a', 'Host: b']);
      assert.deepEqual(await refusal(t, port, text), [400, ''], text);
    }
  });

  it('两个 Content-Length 的 POST 一个文件也不收', async (t) => {
    const { http, port } = await serve(t);
    const body = multipart([{ data: '张三' }, { fileName: 'a.txt', data: '内容' }]);
    const head = (...lengths: number[]): string =>
      request('POST /api/files', [
        'Host: a',
        `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
        ...lengths.map((length) => `Content-Length: ${length}`),
      ]);
    for (const lengths of [
      [body.length, body.length],
      [body.length, 1],
    ]) {
      const text = Buffer.concat([Buffer.from(head(...lengths)), body]);
      assert.deepEqual(await refusal(t, port, text), [400, 'invalid_field']);
    }
    const { messages } = (await (await fetch(`${http}/api/messages`)).json()) as { messages: unknown[] };
    assert.deepEqual(messages, []);
  });

  it('先写完 30 MB 再读的客户端也读得到为什么', async (t) => {
    const { port } = await serve(t);
    const length = 30 * 1024 * 1024;
    const head = request('POST /api/files', ['Host: a', 'Host: b', `Content-Length: ${length}`]);
    const raw = await RawSocket.open(t, port);
    raw.socket.pause();
    raw.write(head);
    await new Promise((resolve) => raw.socket.write(Buffer.alloc(length), resolve));
    raw.socket.resume();
    assert.match(await raw.end(), /^HTTP\/1\.1 400 .*"code":"invalid_field"/s);
  });

  it('夹带在两个长度之间的第二个请求不会被执行 (请求走私)', async (t) => {
    const { http, port } = await serve(t);
    const smuggled = request('GET /api/limits', ['Host: a']);
    const lengths = ['Content-Length: 0', `Content-Length: ${smuggled.length}`];
    for (const line of ['POST /api/files', 'GET /', 'POST /x']) {
      const raw = await RawSocket.open(t, port);
      const answer = await raw.write(request(line, ['Host: a', ...lengths], smuggled)).end();
      assert.doesNotMatch(answer, /fileBytes|HTTP\/1\.1 2/, `${line}: ${answer}`);
    }
    assert.equal((await fetch(`${http}/healthz`)).status, 200);
  });

  it('两份 Authorization, Content-Type 或 Transfer-Encoding 也不猜', async (t) => {
    const { port } = await serve(t);
    for (const double of [
      ['Authorization: Bearer a', 'Authorization: Bearer b'],
      ['Content-Type: text/plain', `Content-Type: multipart/form-data; boundary=${BOUNDARY}`],
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ]) {
      const body = double[0]?.startsWith('Transfer') ? '0\r\n\r\n' : '';
      const text = request('GET /healthz', ['Host: a', ...double], body);
      assert.deepEqual(await refusal(t, port, text), [400, 'invalid_field'], text);
    }
  });

  it('可以写几行的头照常: Cookie, Accept, If-None-Match, X-Forwarded-For', async (t) => {
    const { http, port } = await serve(t);
    const { url } = await publishOne(http, 'a.txt', '内容');
    const twice = ['Cookie: a=1', 'Accept: */*', 'If-None-Match: "x"', 'X-Forwarded-For: 1.1.1.1'];
    const raw = await RawSocket.open(t, port);
    const { pathname } = new URL(String(url));
    const answer = await raw.write(request(`GET ${pathname}`, ['Host: a', ...twice, ...twice])).answer();
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });
});
