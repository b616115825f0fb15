import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../protocol/errors.js';
import { cleanUserName, userNameKey } from '../protocol/user-name.js';

function refused(raw: string): void {
  assert.throws(() => cleanUserName(raw), { code: 'name_invalid' }, JSON.stringify(raw));
}

test('用户名: 去首尾的 Unicode 空白, 中间的保留', () => {
  assert.equal(cleanUserName('  张三\u3000\u00a0\n'), '张三');
  assert.equal(cleanUserName('Ann  Lee'), 'Ann  Lee');
});

test('用户名: 空的, 只有空白或看不见的字符的, 都拒绝', () => {
  for (const raw of [
    '',
    ' ',
    '\u3000',
    '\u200b',
    '\u200d\u200d',
    '\ufe0f',
    '\u3164',
    '\u115f',
    '\u2800',
    '\u00ad',
  ]) {
    refused(raw);
  }
  for (const raw of ['\u{e0041}', '\u0301', '\u200b \u2060', '\u{1d159}', '\u180e']) refused(raw);
});

test('用户名: 控制, 双向控制, 行分隔, 孤立代理项, 非字符都拒绝', () => {
  for (const raw of [
    'a\u0000b',
    'a\nb',
    'a\u001bb',
    'a\u007fb',
    'a\u0085b',
    'a\u009fb',
    'a\u2028b',
    'a\u2029b',
  ]) {
    refused(raw);
  }
  for (const raw of [
    'a\u202eb',
    'a\u200eb',
    'a\u061cb',
    'a\u2066b',
    'a\ud800b',
    '\udc00',
    'a\uffffb',
    'a\ufdd0b',
    'a\u{1fffe}',
  ]) {
    refused(raw);
  }
});

test('用户名: 在 NFC 之后数码点, 32 个可以, 33 个不行', () => {
  assert.equal(cleanUserName('张'.repeat(32)), '张'.repeat(32));
  refused('张'.repeat(33));
  assert.equal(cleanUserName('😀'.repeat(32)), '😀'.repeat(32));
  refused('😀'.repeat(33));
  // 分解写法 64 个码点, NFC 之后 32 个
  assert.equal(cleanUserName('e\u0301'.repeat(32)), 'é'.repeat(32));
  // U+0958 在 NFC 里反而变成两个码点
  refused('\u0958'.repeat(17));
  assert.equal(cleanUserName('\u0958'.repeat(16)).length, 32);
  refused('a'.repeat(1_000_000));
});

test('用户名: 表情序列和波斯文的零宽连字保留', () => {
  assert.equal(cleanUserName('👨‍👩‍👧'), '👨‍👩‍👧');
  assert.equal(cleanUserName('می‌خواهم'), 'می‌خواهم');
  assert.equal(cleanUserName('❤️'), '❤️');
});

test('重名: 全半角, 大小写, 零宽, 空白多少, 组合写法不同都算同一个', () => {
  const same = [
    ['Zhang', 'ｚｈａｎｇ'],
    ['zhang', 'ZHANG'],
    ['张三', '张\u200b三'],
    ['张三', '张三\u2060'],
    ['Ann Lee', 'ann\u3000 lee'],
    ['é', 'e\u0301'],
    ['Straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδος'],
    ['ｶﾞ', 'ガ'],
    ['❤️', '❤'],
  ];
  for (const [left, right] of same) assert.equal(userNameKey(left!), userNameKey(right!), `${left} ${right}`);
  for (const [left, right] of [
    ['张三', '张四'],
    ['a', 'b'],
    ['e', 'é'],
    ['ab', 'a b'],
  ]) {
    assert.notEqual(userNameKey(left!), userNameKey(right!));
  }
});

test('性质: 合法的名字清理后不变, 键不为空; 别的只抛 AppError', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (raw) => {
      let name: string;
      try {
        name = cleanUserName(raw);
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === 'name_invalid');
        return;
      }
      assert.equal(cleanUserName(name), name);
      assert.equal(name.normalize('NFC'), name);
      assert.ok(Array.from(name).length <= 32);
      assert.notEqual(userNameKey(name), '');
    }),
    { numRuns: 3000 },
  );
});

test('性质: 大小写和全半角的变体键相同', () => {
  const ascii = fc.string({ unit: fc.constantFrom(...'abcXYZ019_-.'), minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(ascii, (name) => {
      const wide = name.replace(/[!-~]/g, (character) =>
        String.fromCharCode(character.charCodeAt(0) + 0xfee0),
      );
      assert.equal(userNameKey(wide), userNameKey(name));
      assert.equal(userNameKey(name.toUpperCase()), userNameKey(name));
    }),
  );
});
