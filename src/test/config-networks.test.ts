// 配置里的网段与来源: 合法的写法, 以及不合法时拒绝启动
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, loadConfig } from '../config.js';
import { parseNetwork } from '../config-formats.js';

const load = (env: Readonly<Record<string, string>>) => loadConfig({ env, args: [], configDir: 'no-such' });

describe('配置: 网段', () => {
  it('CIDR 与单个地址, IPv4, IPv6 与映射的写法', () => {
    const cases = {
      '10.0.0.0/8': '10.0.0.0/8',
      '192.168.1.7': '192.168.1.7/32',
      '0.0.0.0/0': '0.0.0.0/0',
      '2001:DB8::/32': '2001:db8::/32',
      '::1': '::1/128',
      '::ffff:10.0.0.0/104': '::ffff:10.0.0.0/104',
    };
    for (const [text, canonical] of Object.entries(cases)) assert.equal(parseNetwork(text), canonical, text);
  });

  it('不是网段的都拒绝, 说明要怎样写', () => {
    const bad = [
      '10.0.0.0/33',
      '::/129',
      '10.0.0',
      'nginx',
      '10.0.0.0/',
      '/8',
      '10.0.0.0/8/8',
      '1.2.3.4:80',
      'fe80::1%eth0',
      '10.0.0.0/-1',
    ];
    for (const text of bad) {
      assert.equal(parseNetwork(text), undefined, text);
      assert.throws(
        () => load({ SLUICE_SERVER_TRUSTED_PROXIES: `127.0.0.1,${text}` }),
        (error) => error instanceof ConfigError && /server\.trustedProxies.*CIDR/.test(error.message),
        text,
      );
    }
  });

  it('环境变量以逗号分隔', () => {
    const { server } = load({ SLUICE_SERVER_TRUSTED_PROXIES: '127.0.0.1, ::1 ,10.0.0.0/8' });
    assert.deepEqual(server.trustedProxies, ['127.0.0.1/32', '::1/128', '10.0.0.0/8']);
  });
});

describe('配置: 来源', () => {
  it('allowedOrigins 里可以有 null, publicUrl 不可以', () => {
    const { server } = load({ SLUICE_ALLOWED_ORIGINS: 'null,https://other.example/' });
    assert.deepEqual(server.allowedOrigins, ['null', 'https://other.example']);
    assert.throws(() => load({ SLUICE_PUBLIC_URL: 'null' }), ConfigError);
  });
});
