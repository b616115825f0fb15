// 地址的各种写法归成一种, 计数的键, 以及网段
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addressKey, plainAddress } from '../transport/addresses.js';
import { Networks } from '../transport/networks.js';

describe('地址: 写法', () => {
  it('端口, 方括号, zone, 映射的 IPv4 与缩写都归成一种', () => {
    const same: readonly (readonly [string, readonly string[]])[] = [
      [
        '198.51.100.7',
        ['198.51.100.7', '198.51.100.7:80', '::ffff:198.51.100.7', '[::FFFF:198.51.100.7]:443'],
      ],
      // uWS 在双栈监听时给的写法
      ['127.0.0.1', ['0000:0000:0000:0000:0000:ffff:7f00:0001', '::ffff:7f00:1']],
      ['0:0:0:0:0:0:0:1', ['::1', '[::1]', '[::1]:3000', '0000:0000:0000:0000:0000:0000:0000:0001']],
      ['2001:db8:0:0:0:0:0:7', ['2001:db8::7', '2001:0DB8::0007', '[2001:db8::7]:1', '2001:db8:0:0:0:0:0:7']],
      ['fe80:0:0:0:0:0:0:1', ['fe80::1%eth0', '[fe80::1%25eth0]:80']],
      ['2001:db8:0:0:0:0:102:304', ['2001:db8::1.2.3.4']],
      ['0:0:0:0:0:0:0:0', ['::']],
    ];
    for (const [plain, texts] of same)
      for (const text of texts) assert.equal(plainAddress(text), plain, text);
  });

  it('不是地址的说不是, 不猜', () => {
    const bad = [
      '',
      'unknown',
      '_hidden',
      'localhost',
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '1.2.3.4:',
      '1.2.3.4:123456',
    ];
    const odd = [
      '[1.2.3.4]',
      '[::1',
      '::1]:80',
      ':80',
      '01.2.3.4',
      '1.2.3.4 5',
      '1::2::3',
      'unix:',
      `${'1'.repeat(70)}`,
    ];
    for (const text of [...bad, ...odd]) assert.equal(plainAddress(text), undefined, text);
  });

  it('随便什么 IPv6 写法, 归一之后仍是同一个地址, 再归一次不变', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const plain = plainAddress(text) ?? '';
        assert.ok(isIP(plain) !== 0, text);
        assert.equal(plainAddress(plain), plain);
        if (isIP(plain) === 6)
          assert.equal(new URL(`http://[${plain}]`).host, new URL(`http://[${text}]`).host);
      }),
    );
  });

  it('计数的键: IPv4 整个, IPv6 前 64 位', () => {
    const key = (text: string) => addressKey(plainAddress(text) ?? '');
    assert.equal(key('[2001:db8:1:2::9]:80'), key('2001:db8:1:2:ffff::1'));
    assert.notEqual(key('2001:db8:1:2::9'), key('2001:db8:1:3::9'));
    assert.equal(key('::ffff:10.0.0.1'), '10.0.0.1');
  });
});

describe('地址: 网段', () => {
  it('IPv4, IPv6 与写成映射的网段', () => {
    const cases: readonly (readonly [string, string, boolean])[] = [
      ['10.0.0.0/8', '10.255.0.1', true],
      ['10.0.0.0/8', '11.0.0.1', false],
      ['10.0.0.0/8', '2001:db8::1', false],
      ['10.9.9.9/8', '10.0.0.1', true],
      ['192.168.1.7/32', '192.168.1.8', false],
      ['::ffff:10.0.0.0/104', '10.1.2.3', true],
      ['::ffff:a00:0/104', '10.1.2.3', true],
      ['::ffff:10.0.0.0/104', '11.1.2.3', false],
      ['2001:db8::/33', '2001:db8:7fff::1', true],
      ['2001:db8::/33', '2001:db8:8000::1', false],
      ['0.0.0.0/0', '203.0.113.1', true],
    ];
    for (const [cidr, address, inside] of cases) {
      const plain = plainAddress(address) ?? '';
      assert.equal(new Networks([cidr]).includes(plain), inside, `${cidr} ${address}`);
    }
  });

  it('本机与内网, 不含运营商的共享地址 (100.64.0.0/10)', () => {
    const inside = [
      '127.0.0.1',
      '10.0.0.1',
      '172.31.0.1',
      '192.168.0.1',
      '169.254.1.1',
      '::1',
      'fd00::1',
      'fe80::1',
    ];
    const outside = ['172.32.0.1', '192.169.0.1', '100.64.0.1', '8.8.8.8', '2001:db8::1', '::2'];
    const networks = Networks.private();
    for (const text of inside) assert.ok(networks.includes(plainAddress(text) ?? ''), text);
    for (const text of outside) assert.ok(!networks.includes(plainAddress(text) ?? ''), text);
  });
});
