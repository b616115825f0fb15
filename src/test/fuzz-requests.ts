// 模糊测试的输入: HTTP 的请求头, Range, multipart 的请求体
import type { Dice } from './fuzz-dice.js';
import { BOUNDARY, multipart, type Part } from './http-tools.js';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT', 'POST', 'PATCH', 'TRACE', 'BREW', 'get'];
const NUMBERS = [
  '',
  '0',
  '1',
  '-1',
  '5',
  '99',
  '100',
  '18446744073709551616',
  '9'.repeat(40),
  '0x1',
  '1e3',
  ' 1',
  '１',
];
const VALUES = [
  '',
  '*',
  'a',
  '"',
  '"x"',
  'W/"x"',
  ',',
  ';q=',
  'Bearer ',
  'Bearer x',
  'text/plain',
  'multipart/form-data',
  'null',
  'http://a',
  '%',
  '\u00e9',
  'x'.repeat(300),
  'Thu, 01 Jan 1970 00:00:00 GMT',
  '127.0.0.9',
  '::1',
];
const HEADERS = [
  'Range',
  'If-Range',
  'If-Match',
  'If-None-Match',
  'If-Modified-Since',
  'If-Unmodified-Since',
  'Authorization',
  'Origin',
  'Accept',
  'Accept-Encoding',
  'Content-Type',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'Forwarded',
  'Idempotency-Key',
  'Cookie',
  'Upgrade',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Version',
  'Access-Control-Request-Method',
  'Expect',
];
const NAMES = [
  'a.bin',
  '报告.pdf',
  '../../x',
  '',
  '.',
  'CON',
  'a.exe',
  '\u202egnp.exe',
  'x'.repeat(400),
  'a\u0000b',
  '%2e%2e',
];

/** 请求的对象: 有的存在, 有的不存在, 有的是乱写的 */
function target(dice: Dice, file: string): string {
  const paths = [
    '/',
    '/ws',
    '/ws/transfer?session=x',
    '/healthz',
    '/api/users',
    '/api/config',
    '/api/messages',
    '/api/search',
    '/api/files',
    file,
    `${file}?download=1`,
    file.replace(/\.\w+$/, '/thumb'),
    '/x',
    '//',
    '/..%2f',
  ];
  const path = dice.pick(paths);
  if (!dice.once(3)) return path;
  const field = dice.pick(['query', 'before', 'after', 'limit', 'kind', 'group', 'from', 'ref', 'utcOffset']);
  const value = dice.once(2) ? dice.pick(NUMBERS) : dice.pick(VALUES);
  const encoded = dice.once(8)
    ? `%${dice.pick(['', 'zz', 'ff', 'c0%80', 'ed%a0%80'])}`
    : encodeURIComponent(value);
  return `${path}${path.includes('?') ? '&' : '?'}${field}=${encoded}`;
}

const PORT_HOST = '127.0.0.1';

/** 一个没有请求体的请求, 格式合法而内容离奇; 总有应答 */
export function oddRequest(dice: Dice, file: string): { readonly method: string; readonly bytes: Buffer } {
  const method = dice.once(2) ? 'GET' : dice.pick(METHODS);
  const headers = Array.from(
    { length: dice.below(4) },
    () => `${dice.pick(HEADERS)}: ${dice.pick(VALUES)}\r\n`,
  );
  const text = `${method} ${target(dice, file)} HTTP/1.1\r\nHost: ${PORT_HOST}\r\n${headers.join('')}\r\n`;
  return { method, bytes: Buffer.from(text) };
}

/** 改过几处字节的请求: 也许永远不完整, 发完要关上写的一端 */
export function brokenRequest(dice: Dice, file: string): Buffer {
  const { bytes } = oddRequest(dice, file);
  return dice.once(10) ? dice.bytes(1 + dice.below(300)) : dice.mangle(bytes);
}

/** 对一个存在的文件要一段 */
export function rangeRequest(dice: Dice, file: string): Buffer {
  const unit = dice.once(10) ? dice.pick(['', 'bits', 'BYTES', 'bytes ']) : 'bytes';
  const spans = Array.from(
    { length: 1 + dice.below(3) },
    () => `${dice.pick(NUMBERS)}-${dice.pick(NUMBERS)}`,
  );
  const value = `${unit}=${spans.join(dice.pick([',', ', ', ';']))}`;
  const range = dice.once(4)
    ? dice
        .mangle(Buffer.from(value))
        .toString('latin1')
        .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
    : value;
  const condition = dice.once(4) ? `If-Range: ${dice.pick(VALUES)}\r\n` : '';
  return Buffer.from(`GET ${file} HTTP/1.1\r\nHost: ${PORT_HOST}\r\nRange: ${range}\r\n${condition}\r\n`);
}

function parts(dice: Dice): Part[] {
  return Array.from({ length: dice.below(5) }, (): Part => {
    if (dice.once(3))
      return {
        field: dice.pick(['name', 'x', '']),
        data: dice.pick(['张三', '', 'x'.repeat(200), '\u0000']),
      };
    const fileName = dice.pick(NAMES);
    return {
      fileName,
      data: dice.bytes(dice.below(60)),
      ...(dice.once(2) ? { type: dice.pick(VALUES) } : {}),
    };
  });
}

/** 一个长度如实的 POST /api/files, 请求体多半不合法 */
export function formRequest(dice: Dice): Buffer {
  const whole = multipart([{ data: `乱传${dice.below(9)}` }, ...parts(dice)]);
  const body = dice.once(4) ? whole : dice.mangle(whole);
  const boundary = dice.once(12) ? dice.pick(VALUES) : BOUNDARY;
  const type = dice.once(15) ? dice.pick(VALUES) : `multipart/form-data; boundary=${boundary}`;
  const head = `POST /api/files HTTP/1.1\r\nHost: ${PORT_HOST}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
