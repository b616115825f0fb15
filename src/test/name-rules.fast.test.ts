// 名字的样子: 形近, 看不见, 混用文字与保留的名字
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONFUSABLES } from '../chat/names/confusables.js';
import { NameRules } from '../chat/names/name-rules.js';
import { nameKeys } from '../chat/names/skeleton.js';
import { SCHEMA } from '../config-schema.js';

const rules = new NameRules(SCHEMA.chat.reservedNames.default);

function sameName(one: string, other: string): boolean {
  return nameKeys(one).some((key) => nameKeys(other).includes(key));
}

test('重名: 看上去相同的算同一个名字, 不论用的是哪种文字, 大小写与全半角', () => {
  const looks = [
    'Аlice',
    'AIice',
    'A1ice',
    'αlice',
    'ＡＬＩＣＥ',
    'ALICE',
    'aIice',
    'Ꭺlice',
    '𝐀lice',
    'Alıce',
    'Ali\u0307ce',
  ];
  for (const name of looks) assert.ok(sameName(name, 'Alice'), name);
  for (const [one, other] of [
    ['张三', '张叁'],
    ['Mei', 'Mel'],
    ['Ali', 'All'],
    ['Tom', 'Tim'],
    ['é', 'e'],
    ['用户1', '用户2'],
  ] as const)
    assert.ok(!sameName(one, other), `${one} ${other}`);
  for (const [one, other] of [
    ['工人', 'エ人'],
    ['张三ー', '张三一'],
    ['Tom', 'Torn'],
    ['张三', '張三'.normalize('NFKC')],
  ] as const)
    assert.equal(sameName(one, other), one !== '张三', `${one} ${other}`);
});

test('重名: 表里的每一个字都与它的样子算同一个名字', () => {
  let target = '';
  for (const word of CONFUSABLES.trim().split(/\s+/)) {
    const text = word
      .replace(':', '')
      .split('+')
      .map((code) => String.fromCodePoint(Number.parseInt(code, 36)))
      .join('');
    if (word.endsWith(':')) target = text;
    else assert.ok(sameName(`张${text}`, `张${target}`), `${text} ${target}`);
  }
});

test('重名: 大小写与全半角的变体总是同一个名字', () => {
  const ascii = fc.string({ unit: fc.constantFrom(...'abcIlmiXYZ019_-.'), minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(ascii, (name) => {
      assert.ok(sameName(name.toUpperCase(), name));
      const wide = name.replace(/[!-~]/g, (unit) => String.fromCharCode(unit.charCodeAt(0) + 0xfee0));
      assert.ok(sameName(wide, name));
    }),
  );
});

test('名字: 一个词里混用形近的文字就拒绝, 中文, 日文, 韩文与拉丁同在照常', () => {
  for (const raw of ['Аlice', 'Аlicе', 'раypal', 'Ωmega', 'αβγabc', 'ДЛЯd'])
    assert.throws(() => rules.admit(raw), { code: 'name_invalid' }, raw);
  const fine = [
    '小明Ming',
    'さとうSato',
    '김철수Kim',
    'Иван',
    'Иван Ivan',
    'Αλέξης',
    '小Ω',
    "O'Brien",
    'José',
    'Björk',
    'शर्मा',
    'علی',
    'ᏣᎳᎩ',
    '张三·李',
    'user_01',
    'ツIvan',
    '😀小明',
    'สมชาย',
    'Nguyễn',
    '(￣▽￣)',
  ];
  for (const raw of fine) assert.equal(rules.admit(raw), raw);
});

test('名字: 堆叠的附加符号拒绝', () => {
  for (const raw of ['A\u0301\u0301lice', 'Z\u0300\u0316\u0301\u0317\u0302\u0318algo'])
    assert.throws(() => rules.admit(raw), { code: 'name_invalid' }, raw);
});

test('名字: 保留的拒绝, 换大小写, 形近字, 全角, 加括号与表情也一样; 只是含有它的照常', () => {
  for (const raw of [
    '系统',
    '管理员',
    '水闸',
    'Admin',
    'ADMIN',
    'аdmіn'.replace('dm', 'ԁm'),
    'ａｄｍｉｎ',
    '[系统]',
    '@all',
    '系统🔔',
    '所有人',
    'everyone',
    'r00t',
    'Sluice',
  ])
    assert.throws(() => rules.admit(raw), /name_taken|保留|形近/u, raw);
  assert.throws(() => rules.admit('系统'), { code: 'name_taken', facts: { name: '系统', reserved: 1 } });
  for (const raw of ['系统工程师', 'Alladin', 'administrator2', '小水闸'])
    assert.equal(rules.admit(raw), raw);
  assert.equal(new NameRules([]).admit('admin'), 'admin');
});
