import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../protocol/errors.js';
import { type ScannedFrame, scanFrame } from '../protocol/json-scan.js';
import { assertLinear } from './steps.js';

const KEYS = ['filedata', 'data'] as const;
const LIMIT = 64 * 1024;
const encoder = new TextEncoder();

function scan(text: string, limit = LIMIT): ScannedFrame {
  return scanFrame(encoder.encode(text), KEYS, limit);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof AppError, `只许抛 AppError, 却是 ${String(error)}`);
    return error.code;
  }
  return 'ok';
}

function payloadText({ payload }: ScannedFrame): string | undefined {
  return payload === undefined ? undefined : (JSON.parse(`"${Buffer.from(payload).toString()}"`) as string);
}

// 填充空格使帧超过 4 KiB, 迫使走扫描路径
function pad(text: string): string {
  return text + ' '.repeat(5000);
}

test('载荷: 顶层的 filedata 留在原始字节里, 信封里是空串', () => {
  const bytes = encoder.encode('{"type":"file","filedata":"QUJD\\/\\n","name":"张三"}');
  const { envelope, payload, payloadKey } = scanFrame(bytes, KEYS, LIMIT);
  assert.deepEqual(envelope, { type: 'file', filedata: '', name: '张三' });
  assert.equal(Buffer.from(payload!).toString(), 'QUJD\\/\\n');
  assert.equal(payload!.buffer, bytes.buffer, '零拷贝');
  assert.equal(payloadKey, 'filedata');
});

test('载荷: 嵌套的同名键和字符串里的假键都不是载荷', () => {
  for (const grow of [(text: string) => text, pad]) {
    const nested = scan(grow('{"a":{"filedata":"x"},"b":[{"data":"y"}],"c":"\\"filedata\\":\\"z"}'));
    assert.equal(nested.payload, undefined);
    assert.deepEqual(nested.envelope, { a: { filedata: 'x' }, b: [{ data: 'y' }], c: '"filedata":"z' });
  }
});

test('载荷: 转义写的键也认得, 大小写十六进制都行', () => {
  for (const key of ['file\\u0064ata', '\\u0066\\u0069\\u006C\\u0065\\u0064\\u0061\\u0074\\u0061']) {
    const { envelope, payload, payloadKey } = scan(`{"${key}" : "QQ"}`);
    assert.deepEqual(envelope, { filedata: '' });
    assert.equal(Buffer.from(payload!).toString(), 'QQ');
    assert.equal(payloadKey, 'filedata');
  }
  for (const key of [
    'file\\u0065ata',
    'file\\u0064at',
    'file\\u0064ataa',
    'filedat\\u00e1',
    'file\\\\u0064ata',
  ]) {
    assert.equal(scan(pad(`{"${key}":"QQ"}`)).payload, undefined, key);
  }
});

test('载荷: 重复的键以最后一个为准, 非字符串也能盖掉先前的字符串', () => {
  assert.equal(payloadText(scan('{"data":"old","x":1,"data":"new"}')), 'new');
  const replaced = scan(pad('{"data":"old","data":17}'));
  assert.equal(replaced.payload, undefined);
  assert.deepEqual(replaced.envelope, { data: 17 });
  const restored = scan('{"data":17,"data":"new"}');
  assert.deepEqual([restored.envelope, payloadText(restored)], [{ data: '' }, 'new']);
});

test('载荷: 两个载荷键都有时取排在前面的, 另一个也不留在信封里', () => {
  const scanned = scan('{"data":"chunk","filedata":"whole"}');
  assert.equal(scanned.payloadKey, 'filedata');
  assert.equal(payloadText(scanned), 'whole');
  assert.deepEqual(scanned.envelope, { data: '', filedata: '' });
});

test('载荷: 不是字符串的值留在信封里, 由 codec 说 invalid_field', () => {
  for (const value of [1, null, true, ['QQ'], { a: 'QQ' }]) {
    const scanned = scan(JSON.stringify({ type: 'file', filedata: value }));
    assert.deepEqual(scanned.envelope, { type: 'file', filedata: value });
    assert.equal(scanned.payload, undefined);
  }
});

test('载荷: 里面的裸换行不算坏 JSON, 交给 Base64 判断', () => {
  assert.equal(Buffer.from(scan('{"filedata":"QU\r\nJD"}').payload!).toString(), 'QU\r\nJD');
  assert.equal(
    codeOf(() => scan('{"message":"a\nb"}')),
    'bad_json',
  );
});

test('坏帧: 不是 JSON 对象的一律 bad_json', () => {
  const broken = [
    '',
    ' ',
    'null',
    '1',
    '"a"',
    '[]',
    '[{}]',
    '{',
    '}',
    '{}}',
    '{} x',
    '{,}',
    '{"a"}',
    '{"a":}',
  ];
  broken.push(
    '{"a":1,}',
    '{"a":1 "b":2}',
    '{a:1}',
    '{"a":01}',
    '{"a":tru}',
    '{"a":[1}',
    '{"a":{]}',
    '{"a":"b}',
  );
  broken.push('{"data":"QQ"', '{"data":"QQ\\"}', '{"data":"QQ"]', '{"data":"QQ"}{', '{"a\\":1}', '\ufeff{}');
  broken.push('{"data":"QQ" "b":1}', '{"a":1"data":"QQ"}', '{"a":[[]}', '{"da\\qta":1}', '{"da\\u00zza":1}');
  for (const text of broken) {
    assert.equal(
      codeOf(() => scan(text)),
      'bad_json',
      text,
    );
    if (text !== '{')
      assert.equal(
        codeOf(() => scan(pad(text))),
        'bad_json',
        `长帧 ${text}`,
      );
  }
});

test('坏帧: 非法 UTF-8 是 bad_json', () => {
  for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe4, 0xbd], [0xf5, 0x80, 0x80, 0x80]]) {
    const frame = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bad), Buffer.from('"}')]);
    assert.equal(
      codeOf(() => scanFrame(frame, KEYS, LIMIT)),
      'bad_json',
    );
    const long = Buffer.concat([frame, Buffer.alloc(5000, 0x20)]);
    assert.equal(
      codeOf(() => scanFrame(long, KEYS, LIMIT)),
      'bad_json',
    );
  }
});

test('坏帧: 嵌套炸弹是 bad_json, 32 层以内正常', () => {
  const nest = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  assert.equal(
    codeOf(() => scan(nest(31))),
    'ok',
  );
  assert.equal(
    codeOf(() => scan(nest(32))),
    'bad_json',
  );
  assert.equal(
    codeOf(() => scan(nest(1_000_000))),
    'bad_json',
  );
  assert.equal(
    codeOf(() => scan('{"a":'.repeat(1_000_000))),
    'bad_json',
  );
});

test('原型: __proto__ 和 constructor 键只是普通数据', () => {
  for (const text of ['{"__proto__":{"type":"text"}}', pad('{"__proto__":{"type":"text"},"data":"QQ"}')]) {
    const { envelope } = scan(text);
    assert.equal(envelope['type'], undefined);
    assert.equal(Object.getPrototypeOf(envelope), Object.prototype);
    assert.equal(({} as Record<string, unknown>)['type'], undefined);
  }
  assert.equal(scan('{"constructor":"x","toString":"y"}').payload, undefined);
});

test('上限: 信封恰好等于上限可以, 多一字节是 frame_too_large, 文字是 text_too_long', () => {
  const text = (type: string, size: number): string => {
    const bare = JSON.stringify({ message: '', type });
    return JSON.stringify({ message: 'a'.repeat(size - bare.length), type });
  };
  for (const limit of [100, 10_000]) {
    assert.equal(
      codeOf(() => scan(text('text', limit), limit)),
      'ok',
    );
    assert.equal(
      codeOf(() => scan(text('text', limit + 1), limit)),
      'text_too_long',
    );
    assert.equal(
      codeOf(() => scan(text('file', limit + 1), limit)),
      'frame_too_large',
    );
  }
  try {
    scan(text('file', 101), 100);
  } catch (error) {
    assert.deepEqual((error as AppError).facts, { limit: 100 });
  }
});

test('上限: 载荷不计入信封, 转义写的 type 也认得, 嵌套的 type 不算', () => {
  const payload = 'A'.repeat(100_000);
  assert.equal(
    codeOf(() => scan(`{"type":"file","filedata":"${payload}"}`, 200)),
    'ok',
  );
  const long = 'x'.repeat(300);
  assert.equal(
    codeOf(() => scan(`{"t\\u0079pe":"te\\u0078t","message":"${long}"}`, 200)),
    'text_too_long',
  );
  assert.equal(
    codeOf(() => scan(`{"a":{"type":"text"},"message":"${long}"}`, 200)),
    'frame_too_large',
  );
  assert.equal(
    codeOf(() => scan(`{"type":"text","m":"${long}","type":1}`, 200)),
    'frame_too_large',
  );
});

// 一次原生的查找走过的字节也是步骤: 逐字节看的之外, 长串交给 indexOf
function countingSearches(bytes: Uint8Array): {
  readonly bytes: Uint8Array;
  readonly searched: () => number;
} {
  let searched = 0;
  bytes.indexOf = (byte, from = 0) => {
    const found = Uint8Array.prototype.indexOf.call(bytes, byte, from);
    searched += (found < 0 ? bytes.length : found) - from;
    return found;
  };
  return { bytes, searched: () => searched };
}

test('步数: 恶意的帧大一倍, 走的步也只多一倍; 16 MiB 的走得完', () => {
  const attacks: [string, string, string][] = [
    ['{"data":"', '\\"', '"}'],
    ['{"data":"', '\\\\', '"}'],
    ['{"data":"', '\\\\\\"', '"}'],
    ['{"a":"', 'x\\"', ''],
    ['{', '"data":"",', '"a":1}'],
    ['{', '"\\u0064\\u0061\\u0074\\u0062":1,', '"a":1}'],
    ['{"a":[', '{},', '1]}'],
    ['{"a":', ' ', '1}'],
  ];
  for (const [head, unit, tail] of attacks) {
    const work = (size: number): number => {
      const text = `${head}${unit.repeat(size / unit.length)}${tail}`;
      const { bytes, searched } = countingSearches(encoder.encode(text));
      codeOf(() => scanFrame(bytes, KEYS, LIMIT));
      return searched();
    };
    assertLinear(work, { size: LIMIT / 4, huge: 16 << 20 });
  }
});

// 随机空白, 随机转义, 随机顺序的 JSON 写法
const space = fc.constantFrom('', '', ' ', '\n', '\t', '\r\n', '    ');

function spellings(text: string): fc.Arbitrary<string> {
  const units = Array.from(
    JSON.stringify(text)
      .slice(1, -1)
      .match(/\\u.{4}|\\.|[^\\]/gsu) ?? [],
  );
  return fc.array(fc.boolean(), { minLength: units.length, maxLength: units.length }).map((flips) => {
    const spell = (unit: string): string =>
      Array.from(
        { length: unit.length },
        (_, i) => `\\u${unit.charCodeAt(i).toString(16).padStart(4, '0')}`,
      ).join('');
    const body = units.map((unit, i) => (flips[i] && !unit.startsWith('\\') ? spell(unit) : unit));
    return `"${body.join('')}"`;
  });
}

const key = fc.oneof(
  fc.constantFrom('type', 'data', 'filedata', 'name', '__proto__', ''),
  fc.string({ maxLength: 8 }),
);
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replace(/\p{Cs}/gu, '')),
  fc.string({ maxLength: 60 }),
  fc.constantFrom('\\', '"', '\\"', '","data":"x', 'a'.repeat(100)),
  fc.jsonValue({ maxDepth: 3 }),
);
const member = fc.tuple(key, value).chain(([name, content]) => {
  const literal =
    typeof content === 'string' ? spellings(content) : fc.constant(JSON.stringify(content, null, 1));
  return fc
    .tuple(space, spellings(name), space, space, literal, space)
    .map(([a, b, c, d, e, f]) => `${a}${b}${c}:${d}${e}${f}`);
});
const frame = fc
  .tuple(space, fc.array(member, { maxLength: 6 }), space, fc.constantFrom(0, 0, 5000))
  .map(([before, members, after, tail]) => `${before}{${members.join(',')}}${after}${' '.repeat(tail)}`);

test('性质: 任何写法的对象, 结果与 JSON.parse 相同', () => {
  fc.assert(
    fc.property(frame, (text) => {
      const expected = JSON.parse(text) as Record<string, unknown>;
      const scanned = scan(text);
      const first = KEYS.find((name) => Object.hasOwn(expected, name) && typeof expected[name] === 'string');
      assert.equal(scanned.payloadKey, first);
      if (first !== undefined) assert.equal(payloadText(scanned), expected[first]);
      for (const name of KEYS) {
        if (Object.hasOwn(expected, name) && typeof expected[name] === 'string') expected[name] = '';
      }
      assert.deepEqual(scanned.envelope, expected);
    }),
    { numRuns: 2000 },
  );
});

test('性质: Buffer 与 Uint8Array, 有没有前导偏移, 结果相同', () => {
  fc.assert(
    fc.property(frame, fc.nat(9), (text, offset) => {
      const shifted = new Uint8Array(Buffer.concat([Buffer.alloc(offset, 0x22), Buffer.from(text)])).subarray(
        offset,
      );
      const [left, right] = [scanFrame(shifted, KEYS, LIMIT), scanFrame(Buffer.from(text), KEYS, LIMIT)];
      assert.deepEqual(left.envelope, right.envelope);
      assert.equal(payloadText(left), payloadText(right));
    }),
  );
});

test('性质: 垃圾, 截断, 改动只会抛 AppError', () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .string({ unit: fc.constantFrom(...'{}[]",:\\ data\u0000\n1'), maxLength: 60 })
      .map((text) => encoder.encode(text)),
    fc.tuple(frame, fc.nat(), fc.nat(255), fc.nat()).map(([text, at, byte, cut]) => {
      const bytes = encoder.encode(text);
      bytes[at % bytes.length] = byte;
      return bytes.subarray(0, cut % 2 === 0 ? bytes.length : cut % (bytes.length + 1));
    }),
  );
  fc.assert(
    fc.property(junk, fc.nat(300), (bytes, limit) => {
      codeOf(() => scanFrame(bytes, KEYS, limit));
    }),
    { numRuns: 3000 },
  );
});

test('性质: 信封与 JSON.parse 同进退, 载荷之外坏了就是 bad_json', () => {
  // 小帧没有载荷时, 接受与否必须与 JSON.parse 一致
  const text = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ abu01tre-.\n'), maxLength: 24 });
  fc.assert(
    fc.property(text, fc.boolean(), (body, long) => {
      const source = `{"a":${body}}${long ? ' '.repeat(5000) : ''}`;
      let expected = 'ok';
      try {
        JSON.parse(source);
      } catch {
        expected = 'bad_json';
      }
      assert.equal(
        codeOf(() => scan(source)),
        expected,
      );
    }),
    { numRuns: 3000 },
  );
});
