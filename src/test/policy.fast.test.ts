import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HEAD_BYTES, isInlineType, isThumbable, TypePolicy } from '../files/policy.js';
import { AppError } from '../protocol/errors.js';

const policy = new TypePolicy({
  blockedExtensions: ['exe', '.BAT', 'lnk', 'jar', 'msi', 'class'],
  blockedContent: ['pe', 'elf', 'macho', 'shebang'],
});
const FORBIDDEN = { code: 'file_type_forbidden' };
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const NOTHING = new Uint8Array(0);

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** 只有本地文件头的 zip, 足够内容识别 */
function zip(entry: string): Buffer {
  const header = Buffer.alloc(30);
  header.write('PK\u0003\u0004', 'latin1');
  header.writeUInt16LE(entry.length, 26);
  return Buffer.concat([header, Buffer.from(entry), Buffer.alloc(64)]);
}

/** 目录在第一个扇区的 CFB, 根目录项带给定的 CLSID */
function compound(clsid: string): Buffer {
  const file = Buffer.alloc(2048);
  hex('d0cf11e0a1b11ae1').copy(file);
  file.writeUInt16LE(9, 0x1e);
  file.writeUInt32LE(1, 0x30);
  hex(clsid).copy(file, 1024 + 80);
  return file;
}

test('扩展名: 被禁的拒绝并说明是哪个, 大小写和配置里的点不影响', () => {
  for (const name of [
    'a.exe',
    'a.EXE',
    'report.txt.exe',
    'x.bat',
    'a.exe. .',
    'a.exe::$DATA',
    'a.e\u200dxe',
    'a．ｅｘｅ',
  ]) {
    assert.throws(() => policy.checkName(name), FORBIDDEN, name);
  }
  assert.throws(() => policy.checkName('a.Exe'), { facts: { extension: 'exe' } });
  for (const name of ['report.exe.txt', 'exe', 'a.exe_', 'a.exec', '报告.pdf']) policy.checkName(name);
});

test('内容: 四类可执行文件按文件头拒绝', () => {
  const heads = [
    '4d5a9000',
    '7f454c46 0201',
    'feedface',
    'feedfacf',
    'cefaedfe',
    'cffaedfe',
    'cafebabe 00000002',
  ];
  heads.push('cafebabf 00000002', '23212f62696e2f7368', '232120 2f', 'efbbbf 23212f');
  for (const head of heads) assert.throws(() => policy.checkHead(hex(head)), FORBIDDEN, head);
});

test('内容: 无害的开头不误伤', () => {
  const heads = [
    '',
    '4d',
    '7f454c',
    'cafebabe',
    'cafebabe 0000003d',
    'cafebabe 00030041',
    '23',
    '2321',
    '0a23212f',
  ];
  for (const head of heads) policy.checkHead(hex(head));
  policy.checkHead(PNG);
  policy.checkHead(Buffer.from('#![allow(dead_code)]\nfn main() {}'));
  policy.checkHead(Buffer.from('# 标题\n'));
});

test('内容: 只查配置里列出的种类', () => {
  const open = new TypePolicy({ blockedExtensions: [], blockedContent: ['pe'] });
  open.checkHead(hex('7f454c46'));
  open.checkHead(Buffer.from('#!/bin/sh'));
  open.checkName('a.exe');
  assert.throws(() => open.checkHead(hex('4d5a')), FORBIDDEN);
});

test('类型: 内容胜过扩展名, 扩展名胜过声明', async () => {
  assert.equal(await policy.identify(PNG, 'a.txt', 'text/plain'), 'image/png');
  assert.equal(await policy.identify(PNG, 'a', undefined), 'image/png');
  assert.equal(await policy.identify(Buffer.from('{}'), 'a.json', 'text/plain'), 'application/json');
  assert.equal(
    await policy.identify(Buffer.from('x'), 'a.unknownext', 'Application/X-Foo; a=b'),
    'application/x-foo',
  );
  assert.equal(await policy.identify(Buffer.from('x'), 'a', undefined), 'application/octet-stream');
});

test('类型: 声明写得不合语法就不算', async () => {
  for (const declared of [
    '',
    'text',
    'text/',
    '/html',
    'a b/c',
    'text/plain\r\nx',
    `a/${'b'.repeat(126)}`,
    'text/<b>',
    '文/本',
    '0/a',
  ]) {
    assert.equal(await policy.identify(NOTHING, 'a', declared), 'application/octet-stream', declared);
  }
});

test('类型: 自称图片, 音频, 视频而内容认不出的, 只是字节流', async () => {
  const text = Buffer.from('<script>alert(1)</script>');
  for (const name of ['a.png', 'a.jpg', 'a.mp4', 'a.mp3', 'a.heic']) {
    assert.equal(await policy.identify(text, name, 'image/png'), 'application/octet-stream', name);
  }
  assert.equal(await policy.identify(text, 'a', 'image/png'), 'application/octet-stream');
  assert.equal(await policy.identify(text, 'a', 'video/mp4'), 'application/octet-stream');
});

test('类型: 目录写在最后的 TIFF (扫描仪, libtiff) 也是图片', async () => {
  for (const magic of ['49 49 2a 00', '4d 4d 00 2a', '49 49 2b 00', '4d 4d 00 2b']) {
    const head = Buffer.concat([hex(magic), Buffer.alloc(HEAD_BYTES, 0x20)]);
    assert.equal(await policy.identify(head, '扫描.tif', undefined), 'image/tiff', magic);
  }
  const text = Buffer.from('II* 与 MM 是 TIFF 的开头');
  assert.equal(await policy.identify(text, 'a.txt', undefined), 'text/plain');
});

test('类型: 文本按扩展名, 内容像别的也不变', async () => {
  const xml = Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>');
  assert.equal(await policy.identify(xml, 'a.svg', undefined), 'image/svg+xml');
  assert.equal(await policy.identify(xml, 'a.txt', undefined), 'text/plain');
  assert.equal(await policy.identify(Buffer.from('<html>'), 'a.html', undefined), 'text/html');
  // "BM" 是 BMP 的全部魔数, "GIF" 是 GIF 的; 文章也会这样开头
  assert.equal(await policy.identify(Buffer.from('BMW 与其他汽车'), 'a.txt', undefined), 'text/plain');
  assert.equal(await policy.identify(Buffer.from('GIF 的历史\n'), 'a.md', undefined), 'text/markdown');
});

test('类型: zip 与 CFB 容器由扩展名细化, 但得不到可直接显示的类型', async () => {
  const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  assert.equal(await policy.identify(zip('a.bin'), 'a.docx', undefined), docx);
  assert.equal(await policy.identify(zip('a.bin'), 'a.txt', undefined), 'application/zip');
  assert.equal(await policy.identify(zip('a.bin'), 'a.png', undefined), 'application/zip');
  assert.equal(await policy.identify(compound(''), 'a.doc', undefined), 'application/msword');
});

test('类型: 改了名的 lnk, jar, class, msi 按内容拒绝', async () => {
  const lnk = hex('4c000000 01140200 00000000 c0000000 00000046');
  await assert.rejects(policy.identify(lnk, 'a.txt', undefined), { facts: { extension: 'lnk' } });
  await assert.rejects(policy.identify(zip('META-INF/MANIFEST.MF'), 'a.zip', undefined), FORBIDDEN);
  await assert.rejects(policy.identify(hex('cafebabe 0000003d 0000'), 'a.txt', undefined), FORBIDDEN);
  const msi = compound('84100c00 00000000 c0000000 00000046');
  for (const name of ['a.doc', 'a.txt', 'a', 'a.sldprt'])
    await assert.rejects(policy.identify(msi, name, undefined), FORBIDDEN);
  // 目录够不着时看名字: 文本或没有扩展名的 CFB 不是 Office 文档
  const distant = compound('').fill(0x7f, 0x30, 0x34);
  await assert.rejects(policy.identify(distant, 'a.txt', undefined), FORBIDDEN);
  await assert.rejects(policy.identify(distant, 'a', undefined), FORBIDDEN);
  assert.equal(await policy.identify(distant, 'a.sldprt', undefined), 'application/x-cfb');
});

test('显示: 只有被动类型可以直接显示', () => {
  for (const mime of ['image/png', 'image/jpeg', 'image/bmp', 'audio/mpeg', 'video/mp4', 'text/plain']) {
    assert.ok(isInlineType(mime), mime);
  }
  for (const mime of [
    'image/svg+xml',
    'text/html',
    'application/pdf',
    'application/xml',
    'text/xml',
    '',
    'constructor',
  ]) {
    assert.ok(!isInlineType(mime), mime);
  }
  assert.ok(isThumbable('image/avif') && !isThumbable('image/bmp') && !isThumbable('image/svg+xml'));
});

test('性质: 任意内容和名字, 识别总会结束, 结果是合法的 MIME, 只抛 AppError', async () => {
  const magics = [
    '504b0304',
    '1f8b08',
    'd0cf11e0a1b11ae1',
    '494433',
    '52494646',
    '1a45dfa3',
    '4f676753',
    '89504e470d0a1a0a',
  ];
  magics.push(
    '3026b2758e66cf11a6d9',
    '0000001866747970',
    '49492a00',
    '4d4d002a',
    '377abcaf271c',
    'cafebabe',
    'ff',
    '',
  );
  const head = fc
    .tuple(fc.constantFrom(...magics), fc.uint8Array({ maxLength: HEAD_BYTES, size: 'max' }))
    .map(([magic, rest]) => Buffer.concat([hex(magic), rest]));
  const name = fc.constantFrom('a', 'a.txt', 'a.png', 'a.docx', 'a.svg', 'a.constructor');
  await fc.assert(
    fc.asyncProperty(
      head,
      name,
      fc.option(fc.string(), { nil: undefined }),
      async (bytes, file, declared) => {
        try {
          assert.match(await policy.identify(bytes, file, declared), /^[a-z]+\/[a-z0-9][a-z0-9!#$&^_.+-]*$/);
          policy.checkHead(bytes);
        } catch (error) {
          assert.ok(error instanceof AppError && error.code === 'file_type_forbidden', String(error));
        }
      },
    ),
    { numRuns: 1000 },
  );
});
