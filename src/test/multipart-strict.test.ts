// 一段也不能不声不响地消失: 写法合规的完整收下, 写坏了的 400 并说出是哪一段, 什么也不留
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, type Message } from './client.js';
import { type Running, serve, temporaryFolder } from './harness.js';
import { BOUNDARY, bodyOf, curl, dataFiles, RawSocket } from './http-tools.js';

const B = `--${BOUNDARY}`;
const NAME = `${B}\r\nContent-Disposition: form-data; name="name"\r\n\r\n张三\r\n`;
const END = `${B}--\r\n`;

/** 一段文件; disposition 是整个 Content-Disposition 的值 */
const part = (disposition: string, data: string, ...headers: string[]): string =>
  `${B}\r\n${[`Content-Disposition: ${disposition}`, ...headers].join('\r\n')}\r\n\r\n${data}\r\n`;
const file = (name: string, data: string): string => part(`form-data; name="f"; filename="${name}"`, data);

interface Answer {
  readonly status: number;
  readonly files?: Message[];
  readonly error?: { code: string; message: string; part?: number };
}

/** 裸 socket 发出这些字节; 每 step 字节一次写, 逼着服务器在任意位置接上 */
async function send(t: TestContext, port: number, body: Buffer, step = body.length): Promise<Answer> {
  const raw = await RawSocket.open(t, port);
  raw.socket.setNoDelay(true);
  const type = `multipart/form-data; boundary="${BOUNDARY}"`;
  raw.write(
    `POST /api/files HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  for (let start = 0; start < body.length; start += step) {
    raw.write(body.subarray(start, start + step));
    if (step < body.length) await new Promise((resolve) => setImmediate(resolve));
  }
  const answer = await raw.answer();
  raw.socket.destroy();
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
  return { status, ...(JSON.parse(bodyOf(answer).toString()) as object) };
}

async function contents({ storage }: Pick<Running, 'storage'>, { files = [] }: Answer): Promise<string[][]> {
  const stored = (url: unknown): string =>
    path.join(storage, 'files', path.basename(new URL(String(url)).pathname));
  return Promise.all(
    files.map(async (one) => [String(one['originalName']), await readFile(stored(one['url']), 'utf8')]),
  );
}

test('multipart: 头后面紧跟着分隔行的段是一个空文件, 它的邻居一个字节不少', async (t) => {
  const server = await serve(t);
  const empty = `${B}\r\nContent-Disposition: form-data; name="f"; filename="空.txt"\r\n\r\n`;
  const orders: readonly (readonly [string, readonly string[][]])[] = [
    [
      empty + file('b.txt', '邻居'),
      [
        ['空.txt', ''],
        ['b.txt', '邻居'],
      ],
    ],
    [
      file('a.txt', '前') + empty + empty,
      [
        ['a.txt', '前'],
        ['空.txt', ''],
        ['空.txt', ''],
      ],
    ],
  ];
  for (const [parts, expected] of orders) {
    const body = Buffer.from(NAME + parts + END);
    for (const step of [body.length, 7, 1]) {
      const answer = await send(t, server.port, body, step);
      assert.equal(answer.status, 201, JSON.stringify(answer.error));
      assert.deepEqual(await contents(server, answer), expected);
    }
  }
});

test('multipart: 空的字段后面紧跟着分隔行, 不会吞掉下一段', async (t) => {
  const server = await serve(t);
  const note = `${B}\r\nContent-Disposition: form-data; name="note"\r\n\r\n`;
  const answer = await send(t, server.port, Buffer.from(NAME + note + file('a.txt', '甲') + END));
  assert.deepEqual(await contents(server, answer), [['a.txt', '甲']]);
});

// 三段之中的第二段 (全表单的第 3 段) 写坏了: 以前都是 201 加两个文件
const BROKEN: readonly (readonly [title: string, part: string])[] = [
  ['文件名里有空格而没有引号', part('form-data; name="f"; filename=my file.txt', 'x')],
  ['引号之后还有字', part('form-data; name="f"; filename="a".png', 'x')],
  ['引号没有合上', part('form-data; name="f"; filename="a.txt', 'x')],
  ['中文文件名没有引号', part('form-data; name="f"; filename=报告.txt', 'x')],
  ['attachment', part('attachment; name="f"; filename="a.txt"', 'x')],
  ['没有 Content-Disposition', `${B}\r\nContent-Type: text/plain\r\n\r\nx\r\n`],
  ['一个头也没有', `${B}\r\n\r\nx\r\n`],
  [
    '两个 Content-Disposition',
    part('form-data; name="f"; filename="a.txt"', 'x', 'Content-Disposition: form-data'),
  ],
  ['两个 filename', part('form-data; name="f"; filename="a.txt"; filename="b.txt"', 'x')],
  ['分成几截的文件名', part('form-data; name="f"; filename*0="a"; filename*1=".txt"', 'x')],
  ['filename* 不是它声明的编码', part('form-data; name="f"; filename*=UTF-8\'\'%ff.txt', 'x')],
  ['filename* 的编码不认识', part('form-data; name="f"; filename*=nosuch\'\'a.txt', 'x')],
  [
    '嵌套的 multipart',
    part('form-data; name="f"', '--i\r\n\r\nx\r\n--i--', 'Content-Type: multipart/mixed; boundary=i'),
  ],
  ['没有 filename 的图片', part('form-data; name="f"', 'x', 'Content-Type: image/png')],
  ['没有 filename 的二进制', part('form-data; name="f"', 'x', 'Content-Type: application/octet-stream')],
  ['头里有落单的 LF', `${B}\r\nContent-Disposition: form-data;\n name="f"; filename="a.txt"\r\n\r\nx\r\n`],
  ['第一行就是续行', `${B}\r\n X: y\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n`],
  ['base64', part('form-data; name="f"; filename="a.txt"', 'eA==', 'Content-Transfer-Encoding: base64')],
  [
    'quoted-printable',
    part('form-data; name="f"; filename="a.txt"', '=78', 'content-transfer-encoding: Quoted-Printable'),
  ],
];

test('multipart: 写坏了的一段是 400, 说得出是第几段, 一个文件也不留下, 也没有广播', async (t) => {
  const { port, ws, storage } = await serve(t);
  const member = await Client.join(t, ws, '旁观');
  for (const [title, broken] of BROKEN) {
    await t.test(title, async (t) => {
      const body = Buffer.from(NAME + file('a.txt', '甲') + broken + file('c.txt', '丙') + END);
      const { status, error } = await send(t, port, body);
      assert.equal(status, 400, title);
      assert.match(error?.message ?? '', /第 3 段/);
      assert.equal(error?.part, 3);
      assert.deepEqual(await dataFiles(storage), []);
    });
  }
  await member.settle();
  assert.deepEqual(member.of('file'), []);
});

test('multipart: 说得出写坏的是哪个字段; 传输编码的说明告诉人怎么改', async (t) => {
  const { port } = await serve(t);
  const bad = await send(
    t,
    port,
    Buffer.from(NAME + part('form-data; name="附件"; filename=my file.txt', 'x') + END),
  );
  assert.match(bad.error?.message ?? '', /第 2 段 \(字段 附件\)/);
  const base64 = part('form-data; name="f"; filename="a"', 'eA==', 'Content-Transfer-Encoding: base64');
  const encoded = await send(t, port, Buffer.from(NAME + base64 + END));
  assert.match(encoded.error?.message ?? '', /Content-Transfer-Encoding: base64 不支持, 请直接发送原始字节/);
});

// 分隔行写坏了: 有的会让邻居并在一起, 有的会让整段落进前言或尾声
const MISDELIMITED: readonly (readonly [title: string, body: string])[] = [
  ['只有 LF', (NAME + file('a.txt', '甲') + file('b.txt', '乙') + END).replaceAll('\r\n', '\n')],
  ['一个分隔行之前只有 LF', `${NAME}${file('a.txt', '甲').slice(0, -2)}\n${file('b.txt', '乙')}${END}`],
  ['一个分隔行之前什么也没有', `${NAME}${file('a.txt', '甲').slice(0, -2)}${file('b.txt', '乙')}${END}`],
  ['一个分隔行之后只有 LF', NAME + file('a.txt', '甲') + file('b.txt', '乙').replace('\r\n', '\n') + END],
  ['分隔行后面还有字', NAME + file('a.txt', '甲') + file('b.txt', '乙').replace(B, `${B}x`) + END],
  ['内容里有一行以边界开头', `${NAME}${file('a.txt', `甲\r\n${B}7 后半`)}${END}`],
  [
    '头与分隔行之间没有空行',
    `${NAME}${B}\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n${file('b', '乙')}${END}`,
  ],
  ['两个分隔行挨着', `${NAME}${file('a.txt', '甲')}${B}\r\n${file('b.txt', '乙')}${END}`],
  ['结尾之后还有段', NAME + file('a.txt', '甲') + END + file('b.txt', '乙') + END],
  ['首个分隔行写错了', `--wrong${NAME.slice(B.length)}${file('a.txt', '甲')}${END}`],
  ['首个分隔行少了一道横线', `${NAME.slice(1)}${NAME}${file('a.txt', '甲')}${END}`],
  ['没有结尾的分隔行', NAME + file('a.txt', '甲') + file('b.txt', '乙')],
];

test('multipart: 分隔行写坏了的是 400, 不会少一段而说成功', async (t) => {
  const { port, storage } = await serve(t);
  for (const [title, body] of MISDELIMITED) {
    await t.test(title, async (t) => {
      const { status, error } = await send(t, port, Buffer.from(body));
      assert.equal(status, 400, title);
      assert.equal(error?.code, 'invalid_field');
      assert.match(error.message, /multipart 格式不对: |没有 Content-Disposition/);
      assert.deepEqual(await dataFiles(storage), []);
    });
  }
});

test('multipart: 标准允许的写法一段不少: 分隔行尾的空白, 折行, 大小写, 前言与尾声, 传输编码', async (t) => {
  const server = await serve(t);
  const body = [
    `前言, 第二行\r\n还是前言\r\n${NAME.replace(B, `${B} \t`)}`,
    `${B}  \r\ncontent-disposition:FORM-DATA;\r\n\tName=f ; FileName="a (1); b.txt"\r\nX-Other: y\r\n\r\n甲\r\n`,
    part('form-data; filename=b.txt; size=3; name=f', '乙', 'Content-Transfer-Encoding: BINARY'),
    part('form-data; name="f"; filename="c.txt"', '丙', 'Content-Transfer-Encoding: 8bit', 'Content-Type:'),
    part('form-data; filename="d.txt"', '丁'),
    `${B}-- \t\r\n尾声\r\n--别的\r\n`,
  ].join('');
  for (const step of [Buffer.byteLength(body), 3]) {
    const answer = await send(t, server.port, Buffer.from(body), step);
    assert.equal(answer.status, 201, JSON.stringify(answer.error));
    const expected = [
      ['a (1); b.txt', '甲'],
      ['b.txt', '乙'],
      ['c.txt', '丙'],
      ['d.txt', '丁'],
    ];
    assert.deepEqual(await contents(server, answer), expected);
  }
});

test('multipart: 没有选文件的文件框不是文件, 其余的照收; 有内容却没有文件名的是 400', async (t) => {
  const server = await serve(t);
  const unchosen = part('form-data; name="f2"; filename=""', '', 'Content-Type: application/octet-stream');
  for (const parts of [file('a.txt', '甲') + unchosen, unchosen + unchosen + file('a.txt', '甲')]) {
    const answer = await send(t, server.port, Buffer.from(NAME + parts + END));
    assert.equal(answer.status, 201, JSON.stringify(answer.error));
    assert.deepEqual(await contents(server, answer), [['a.txt', '甲']]);
  }
  const before = await dataFiles(server.storage);
  const none = await send(t, server.port, Buffer.from(NAME + unchosen + unchosen + END));
  assert.equal(none.status, 400);
  assert.match(none.error?.message ?? '', /没有文件/);
  const nameless = await send(
    t,
    server.port,
    Buffer.from(`${NAME}${file('a.txt', '甲')}${file('', 'x')}${END}`),
  );
  assert.equal(nameless.status, 400);
  assert.equal(nameless.error?.code, 'file_name_invalid');
  assert.match(nameless.error.message, /第 3 段/);
  assert.deepEqual(await dataFiles(server.storage), before);
});

test('multipart: 浏览器与 curl 写成百分号的引号与换行还原, 别的百分号就是文件名', async (t) => {
  const { port } = await serve(t);
  // 引号与换行由文件名的规则处理 (换成下划线, 或去掉)
  const cases: readonly (readonly [string, RegExp])[] = [
    ['报告 %22终%22.txt', /^报告 _终_\.txt$/],
    ['a%0D%0Ab.txt', /^a_*b\.txt$/],
    ['100%25 %2e%0a%2F.txt', /^100%25 %2e%0a%2F\.txt$/],
  ];
  for (const [sent, expected] of cases) {
    const answer = await send(t, port, Buffer.from(NAME + file(sent, 'x') + END));
    assert.match(String(answer.files?.[0]?.['originalName']), expected, sent);
  }
});

test('multipart: 真的 curl: 名字里的引号, 空文件, 以及标明的传输编码', async (t) => {
  const server = await serve(t);
  const folder = await temporaryFolder(t);
  const quoted = path.join(folder, '报告 "终".txt');
  await writeFile(quoted, '内容');
  await writeFile(path.join(folder, 'empty.txt'), '');
  const url = `${server.http}/api/files`;
  const both = ['-F', `file=@"${quoted.replaceAll('"', '\\"')}"`, '-F', `file=@${folder}/empty.txt`];
  const sent = await curl(['-F', 'name=张三', ...both, url]);
  assert.equal(sent.status, '201', sent.body);
  const answer = { status: 201, files: (JSON.parse(sent.body) as { files: Message[] }).files };
  assert.deepEqual(await contents(server, answer), [
    ['报告 _终_.txt', '内容'],
    ['empty.txt', ''],
  ]);
  // curl 自己会编码: encoder 是它的选项
  const encoded = await curl(['-F', 'name=张三', '-F', `file=@${folder}/empty.txt;encoder=base64`, url]);
  assert.equal(encoded.status, '400', encoded.body);
});
