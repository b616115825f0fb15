import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanFileName, fileExtension } from '../files/naming.js';
import { AppError } from '../protocol/errors.js';
import { assertLinear } from './steps.js';

function same(pairs: readonly (readonly [string, string])[]): void {
  for (const [raw, expected] of pairs) assert.equal(cleanFileName(raw), expected, JSON.stringify(raw));
}

test('文件名: 普通名字原样保留', () => {
  const names = [
    '报告 (终稿).pdf',
    'a.tar.gz',
    "it's 100% & #1 [x] {y}.txt",
    '照片 2024-01-01.jpg',
    'README',
    'a',
    '😀.png',
  ];
  same(names.map((name) => [name, name]));
});

test('文件名: 两种分隔符的路径都只留最后一段', () => {
  same([
    ['C:\\dir\\a.txt', 'a.txt'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\a.txt', 'a.txt'],
    ['/a/b\\c/d.txt', 'd.txt'],
    ['C:a.txt', 'C_a.txt'],
    ['\\\\server\\share\\a.txt', 'a.txt'],
  ]);
});

test('文件名: 控制, 双向, 零宽, 行分隔, 孤立代理项都去掉', () => {
  same([
    ['a\u0000b\nc.txt', 'abc.txt'],
    ['cod\u202etxt.exe', 'codtxt.exe'],
    ['a\u200b\u2060\ufeff.txt', 'a.txt'],
    ['a\u2028\u2029\u0085.txt', 'a.txt'],
    ['a\ud800.txt', 'a.txt'],
    ['\udc00a.t\ud83dxt', 'a.txt'],
    ['e\u034f\u0301.txt', 'é.txt'],
    ['e\u0301.txt', 'é.txt'],
  ]);
});

test('文件名: 系统保留的符号换成下划线', () => {
  same([
    ['a<b>c:d"e|f?g*h.txt', 'a_b_c_d_e_f_g_h.txt'],
    ['???', '___'],
  ]);
});

test('文件名: 结尾的点和空白, 开头的空白反复去掉; 开头的点换成下划线', () => {
  same([
    ['a.exe. . .', 'a.exe'],
    ['  a.txt\u3000\u00a0 ', 'a.txt'],
    ['a.txt...', 'a.txt'],
    ['.htaccess', '_htaccess'],
    ['...a', '_a'],
    ['. a', '_ a'],
    ['a..b...c.txt', 'a.b.c.txt'],
  ]);
});

test('文件名: NTFS 数据流的后缀切掉, 藏不住扩展名', () => {
  same([
    ['a.exe::$DATA', 'a.exe'],
    ['a.exe::$data.', 'a.exe'],
    ['a.exe.::$DATA', 'a.exe'],
    ['a.exe:x:$DATA', 'a.exe'],
    ['a.exe::$DATA::$DATA', 'a.exe'],
    ['a.exe:x', 'a.exe_x'],
  ]);
});

test('文件名: Windows 设备名加下划线, 大小写, 扩展名, 上标数字都算', () => {
  same([
    ['CON', '_CON'],
    ['con.txt', '_con.txt'],
    ['Nul.tar.gz', '_Nul.tar.gz'],
    ['aux .txt', '_aux .txt'],
    ['COM1', '_COM1'],
    ['com0.log', '_com0.log'],
    ['LPT²', '_LPT²'],
    ['COM³.a', '_COM³.a'],
    ['CONIN$', '_CONIN$'],
    ['conout$.txt', '_conout$.txt'],
    ['console.txt', 'console.txt'],
    ['COM10', 'COM10'],
    ['a.con', 'a.con'],
  ]);
});

test('文件名: 没有可用部分时抛 file_name_invalid', () => {
  for (const raw of [
    '',
    '.',
    '..',
    '...',
    ' ',
    '/',
    'a/',
    'C:\\',
    '\u200b',
    '\u0000',
    '. . .',
    '\ud800',
    '::$DATA',
    '\u3164',
  ]) {
    assert.throws(() => cleanFileName(raw), { code: 'file_name_invalid' }, JSON.stringify(raw));
  }
});

test('文件名: 截到 200 字节, 保留扩展名, 不切断码点', () => {
  const long = cleanFileName(`${'汉'.repeat(100)}.pdf`);
  assert.equal(long, `${'汉'.repeat(65)}.pdf`);
  const emoji = cleanFileName(`${'😀'.repeat(100)}.tar.gz`);
  assert.ok(emoji.endsWith('😀.gz'));
  assert.ok(Buffer.byteLength(emoji) <= 200 && !emoji.includes('\ufffd'));
  // 太长的 "扩展名" 不是扩展名
  assert.equal(cleanFileName(`a.${'b'.repeat(300)}`), `a.${'b'.repeat(198)}`);
  // 截断露出的空格和设备名也要处理
  assert.equal(cleanFileName(`CON${' '.repeat(300)}x.txt`), '_CON.txt');
  assert.equal(Buffer.byteLength(cleanFileName(`CON.${'a'.repeat(192)}.txt`)), 200);
});

function cleanOrRefuse(raw: string): void {
  try {
    cleanFileName(raw);
  } catch (error) {
    assert.ok(error instanceof AppError);
  }
}

test('文件名: 百万个空格, 点, 冒号也是线性时间', () => {
  for (const unit of [' ', '.', ':', ' .', '::$data', '\u200b', 'e\u0301', '/']) {
    for (const end of ['b', '', 'b.txt']) {
      assertLinear((size) => cleanOrRefuse(`a${unit.repeat(size)}${end}`), { size: 10_000, huge: 1_000_000 });
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
    ['_htaccess', ''],
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
      assert.doesNotMatch(name, /[/\\<>:"|?*]|\.\.|^[.\s]|[.\s]$/u);
      assert.doesNotMatch(name, /[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u);
      assert.doesNotMatch(
        name.split('.')[0]!.trim(),
        /^(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³]|conin\$|conout\$)$/i,
      );
      assert.match(fileExtension(name), /^[a-z0-9]{0,16}$/);
    }),
    { numRuns: 5000 },
  );
});
