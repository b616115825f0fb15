import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanFileName, disguisedExtension, fileExtension } from '../files/naming.js';
import { AppError } from '../protocol/errors.js';
import { assertLinear } from './steps.js';

function same(pairs: readonly (readonly [string, string])[]): void {
  for (const [raw, expected] of pairs) assert.equal(cleanFileName(raw), expected, JSON.stringify(raw));
}

const FAMILY = '\u{1F468}\u200d\u{1F469}\u200d\u{1F467}\u200d\u{1F466}';
const ENGLAND = '\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}';

// 逐条的例子在 vectors/file-names.json, 与两个客户端共用; 这里只说规则
test('文件名: 点开头的, 设备名, 名字中间的分隔符, 家庭表情都不切掉', () => {
  same([
    ['.gitignore', '.gitignore'],
    ['CON.txt', 'CON.txt'],
    ['反\\斜.txt', '反_斜.txt'],
    [`${FAMILY}.png`, `${FAMILY}.png`],
    ['报告 "终".txt', '报告 _终_.txt'],
  ]);
});

test('文件名: 只有真的路径 (盘符, UNC, 分隔符开头, "..") 才只留最后一段', () => {
  same([
    ['C:\\dir\\a.txt', 'a.txt'],
    ['\\\\server\\share\\a.txt', 'a.txt'],
    ['/a/b\\c/d.txt', 'd.txt'],
    ['../../etc/passwd', 'passwd'],
    ['b\\..\\a.txt', 'a.txt'],
    ['1/2.txt', '1_2.txt'],
    ['./a.txt', '._a.txt'],
    ['..a/b.txt', '..a_b.txt'],
  ]);
});

test('文件名: 一个特殊字符换成一个看得见的 "_", 孤立代理项也是', () => {
  same([
    ['a\ud800.txt', 'a_.txt'],
    ['\udc00a.t\ud83dxt', '_a.t_xt'],
    ['\u2066a\u2069\u202e.txt', '_a__.txt'],
    ['a\uffff\u{1fffe}.txt', 'a__.txt'],
  ]);
});

test('文件名: 没有可用部分时抛 file_name_invalid', () => {
  for (const raw of [
    '',
    '..',
    '...',
    ' ',
    '/',
    'a/..',
    'C:\\',
    '\u200b',
    '\u0000',
    '. . .',
    '\ud800',
    '::$DATA',
  ])
    assert.throws(() => cleanFileName(raw), { code: 'file_name_invalid' }, JSON.stringify(raw));
  // 点开头而后面全是空白: 截断之后什么也不剩
  assert.throws(() => cleanFileName(`.${' '.repeat(300)}b`), { code: 'file_name_invalid' });
});

test('文件名: 截到 200 字节, 保留扩展名, 不切开一个表情', () => {
  const long = cleanFileName(`${'汉'.repeat(100)}.pdf`);
  assert.equal(long, `${'汉'.repeat(65)}.pdf`);
  const emoji = cleanFileName(`${'😀'.repeat(100)}.tar.gz`);
  assert.ok(emoji.endsWith('😀.gz'));
  // 一家四口 25 字节, 196 字节里放得下 7 家
  assert.equal(cleanFileName(`${FAMILY.repeat(20)}.png`), `${FAMILY.repeat(7)}.png`);
  assert.equal(cleanFileName(`${ENGLAND.repeat(20)}.png`), `${ENGLAND.repeat(7)}.png`);
  assert.equal(cleanFileName(`${'🇨🇳'.repeat(40)}.png`), `${'🇨🇳'.repeat(24)}.png`);
  // 一个字就放不下 (叠了一百个附标): 只好在它中间切
  const stacked = cleanFileName(`x${'\u0323'.repeat(300)}.png`);
  assert.ok(stacked.endsWith('.png') && Buffer.byteLength(stacked) <= 200);
  // 太长的 "扩展名" 不是扩展名
  assert.equal(cleanFileName(`a.${'b'.repeat(300)}`), `a.${'b'.repeat(198)}`);
  // 截断露出的空格也要处理
  assert.equal(cleanFileName(`a${' '.repeat(300)}x.txt`), 'a.txt');
});

function cleanOrRefuse(raw: string): void {
  try {
    cleanFileName(raw);
  } catch (error) {
    assert.ok(error instanceof AppError);
  }
}

// 会成串的: 修剪, 数据流, 路径, 三遍替换与分字各看其中几个
const RUNS = [
  ' ',
  '.',
  ':',
  ' .',
  '::$data',
  '\u200b',
  '\u200d',
  '\ufe0f',
  FAMILY,
  'e\u0301',
  '\u0301',
  '/',
  '/..',
];

test('文件名: 几十万个空格, 点, 冒号, 零宽字符也是线性时间', () => {
  for (const unit of RUNS) {
    for (const end of ['b', '', 'b.txt']) {
      assertLinear((size) => cleanOrRefuse(`a${unit.repeat(size)}${end}`), { size: 10_000, huge: 100_000 });
    }
  }
});

test('扩展名: 小写, 只有字母数字, 1 到 16 个', () => {
  const pairs = [
    ['a.PDF', 'pdf'],
    ['a.tar.gz', 'gz'],
    ['README', ''],
    ['a.文档', ''],
    ['a.7z', '7z'],
    ['a.b-c', ''],
    ['a.\u212a', ''],
    [`a.${'b'.repeat(16)}`, 'b'.repeat(16)],
    [`a.${'b'.repeat(17)}`, ''],
    ['.htaccess', 'htaccess'],
    ['a.e xe', ''],
  ] as const;
  for (const [name, expected] of pairs) assert.equal(fileExtension(name), expected, name);
});

const nasty = fc.array(
  fc.oneof(
    fc.constantFrom(
      '.',
      '..',
      ' ',
      '/',
      '\\',
      ':',
      '::$DATA',
      'CON',
      'nul',
      'com1',
      '_',
      '\u200b',
      '\u202e',
      '\u034f',
      '\u200d',
      '\u200c',
      '\ufe0f',
      '\u3164',
      '\u{E0067}',
      '\u{E007F}',
      '\u{1F3F4}',
    ),
    fc.constantFrom(
      FAMILY,
      ENGLAND,
      FAMILY.repeat(9),
      '❤️',
      '👍🏽',
      '\u0645',
      '1️⃣',
      `x${'\u0323'.repeat(150)}`,
    ),
    fc.constantFrom(
      '\ud800',
      '\udc00',
      '\u0301',
      '\u0338',
      '<',
      '>',
      '=',
      '\u3000',
      'a'.repeat(150),
      '汉'.repeat(60),
      '.exe',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
  ),
  { maxLength: 12 },
);

test('性质: 幂等, 且结果在任何系统上都安全', () => {
  fc.assert(
    fc.property(nasty, (parts) => {
      let name: string;
      try {
        name = cleanFileName(parts.join(''));
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === 'file_name_invalid');
        return;
      }
      assert.equal(cleanFileName(name), name, '幂等');
      assert.ok(name.length > 0 && Buffer.byteLength(name) <= 200);
      assert.equal(Buffer.from(name).toString(), name, '没有孤立代理项');
      assert.equal(name.normalize('NFC'), name);
      assert.doesNotMatch(name, /[/\\<>:"|?*]|^\s|[.\s]$/u);
      assert.doesNotMatch(name, /[\p{Cc}\p{Bidi_Control}\u2028\u2029\u200b\u3164]/u);
      // 看不见的留得下, 必有依托: ASCII 旁边没有零宽的
      assert.doesNotMatch(name, /[\0-\x7f][\u200c\u200d]/u);
      assert.doesNotMatch(name, /[\0-\x7f]\ufe0f(?!\u20e3)/u);
      const extension = fileExtension(name);
      if (extension !== '') assert.equal(disguisedExtension(name), extension, '看得见的扩展名就是拦的那个');
      assert.match(fileExtension(name), /^[a-z0-9]{0,16}$/);
    }),
    { numRuns: 5000 },
  );
});
