// 没有标明编码的文字是什么编码: 任意切口, 夹杂坏字节, 与西欧文字
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeText, detectCharset, findCharset } from '../files/text-charset.js';
import { gbk } from './gbk.js';

const PROSE = '关于季度总结的报告, 第 3 版 (终稿)。\r\n其一, 人员与预算; 其二, 进度 50%。\r\n';
const SAMPLE = 64 * 1024;
const MIB = 1024 * 1024;

function find(data: Buffer): ReturnType<typeof findCharset> {
  return findCharset(data.length, async (position, length) => data.subarray(position, position + length));
}

test('编码: UTF-8 与 GBK 的文字, 切在任何一个字节上都认得出', () => {
  for (let length = 8; length <= gbk(PROSE).length; length += 1) {
    assert.equal(detectCharset(gbk(PROSE).subarray(0, length)), 'gb18030', `${length}`);
  }
  const utf8 = Buffer.from(PROSE);
  for (let length = 0; length <= utf8.length; length += 1) {
    assert.equal(detectCharset(utf8.subarray(0, length)), undefined, `${length}`);
  }
});

test('编码: 字节顺序标记, 纯 ASCII, 空文件, 二进制', () => {
  const cases: readonly (readonly [string, Uint8Array, ReturnType<typeof detectCharset>])[] = [
    ['UTF-16LE', Buffer.from('\ufeff中文', 'utf16le'), 'utf-16le'],
    ['UTF-16BE', Buffer.from('\ufeff中文', 'utf16le').swap16(), 'utf-16be'],
    ['UTF-8 BOM', Buffer.from('\ufeff中文'), undefined],
    ['GB18030 BOM', Buffer.concat([Buffer.from('84319533', 'hex'), gbk('中文')]), 'gb18030'],
    [
      'GB18030 四字节',
      Buffer.concat([gbk('生僻字'), Buffer.from('8139ef30', 'hex'), gbk('也算')]),
      'gb18030',
    ],
    ['ASCII', Buffer.from('plain text'), undefined],
    ['空', Buffer.alloc(0), undefined],
    ['二进制', Buffer.from([0xff, 0xff, 0xff, 0x00, 0x80, 0xff]), undefined],
  ];
  for (const [title, bytes, expected] of cases) assert.equal(detectCharset(bytes), expected, title);
});

test('编码: 坏了一两个字节的仍是原来的编码, 西欧文字不会被当成汉字', () => {
  const broken = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.of(0xff), bytes]);
  assert.equal(detectCharset(broken(Buffer.from(PROSE))), undefined);
  assert.equal(detectCharset(broken(gbk(PROSE))), 'gb18030');
  const western = "Où êtes-vous né, François? L'été dernier, naïveté et déjà vu à l'opéra.";
  assert.equal(detectCharset(Buffer.from(western, 'latin1')), undefined);
});

test('编码: 第一个汉字在许多 ASCII 之后也找得到, 恰好骑在块的接缝上也一样', async () => {
  for (const ascii of [0, 1, SAMPLE - 1, SAMPLE, SAMPLE + 1, 3 * SAMPLE - 1, 3 * MIB]) {
    const head = Buffer.alloc(ascii, 'ascii text ');
    assert.equal(await find(Buffer.concat([head, gbk(PROSE)])), 'gb18030', `${ascii}`);
    assert.equal(await find(Buffer.concat([head, Buffer.from(PROSE)])), undefined, `${ascii}`);
    // 字节顺序标记只在文件的开头才是
    const mark = Buffer.from('\ufeffx', 'utf16le');
    assert.equal(await find(Buffer.concat([head, mark])), ascii === 0 ? 'utf-16le' : undefined, `${ascii}`);
  }
});

test('编码: 一直是 ASCII 的大文件只看开头的 64 MiB', async () => {
  const block = Buffer.alloc(SAMPLE, 'x');
  let read = 0;
  const found = await findCharset(2.5e9, async (_, length) => {
    read += length;
    return block;
  });
  assert.equal(found, undefined);
  assert.equal(read, 64 * MIB);
});

test('编码: 任何文字的 UTF-8 都解得回来; 解得出的 GBK 再编码就是原来的字节', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(decodeText(Buffer.from(text)), Buffer.from(text).toString());
    }),
  );
  const hanzi = fc.integer({ min: 0x4e00, max: 0x9fa5 }).map((code) => String.fromCharCode(code));
  fc.assert(
    fc.property(fc.array(hanzi, { minLength: 1, maxLength: 20 }), (characters) => {
      const text = characters.join('');
      const decoded = decodeText(gbk(text));
      // 极少数组合恰好也是合法的 UTF-8: 那就是 UTF-8
      assert.ok(decoded === text || decoded === gbk(text).toString('utf8'));
    }),
  );
});

test('编码: 声明了的只按声明的; 两种都不是, 或不认识的, 解不出', () => {
  assert.equal(decodeText(gbk('张三'), 'gbk'), '张三');
  assert.equal(decodeText(gbk('张三'), 'utf-8'), undefined);
  assert.equal(decodeText(Buffer.from('a'), 'no-such'), undefined);
  assert.equal(decodeText(Buffer.from([0x61, 0xff])), undefined);
  assert.equal(decodeText(Buffer.from('caf\u00e9', 'latin1')), undefined);
});
