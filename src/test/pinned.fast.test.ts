// 什么都不漂: npm 与 Go 的依赖写准版本, 每份锁带着散列, 锁里没有仓库的地址; Python 的见 python-locks.fast.test.ts
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listFiles, readSource } from './source-scan.js';

interface Manifest {
  readonly [group: string]: unknown;
}

interface LockEntry {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
}

const MANIFESTS = listFiles('', /(?:^|\/)package\.json$/);
const GROUPS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
// 1.2.3, 1.2.3-rc.1, npm:别名@1.2.3; 没有 ^ ~ * 与范围
const EXACT_NPM = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/;
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;

function loose(manifest: Manifest): string[] {
  return GROUPS.flatMap((group) => Object.entries(manifest[group] ?? {}))
    .filter(([, version]) => !EXACT_NPM.test(String(version)))
    .map(([name, version]) => `${name}: ${version}`);
}

function unsound(entries: Readonly<Record<string, LockEntry>>): string[] {
  return Object.entries(entries)
    .filter(([name, { link }]) => name !== '' && link !== true)
    .filter(([, { version = '', integrity = '', resolved }]) => {
      // 没有 resolved: 由安装的人所用的仓库来, 内容由 integrity 核对; git 与文件的来源都有它
      return !EXACT_NPM.test(version) || !SHA512.test(integrity) || resolved !== undefined;
    })
    .map(([name]) => name);
}

describe('npm 的依赖', () => {
  it('认得出不准的写法与没有散列的锁', () => {
    const versions = [
      '^1.2.3',
      '~1.2.3',
      '1.x',
      '>=1.0.0',
      'latest',
      '*',
      'github:a/b',
      'npm:a@^1.0.0',
      '1.2',
    ];
    const dependencies = Object.fromEntries(versions.map((version, index) => [`p${index}`, version]));
    assert.equal(loose({ dependencies }).length, versions.length);
    assert.deepEqual(loose({ devDependencies: { a: '1.2.3', b: 'npm:c@3.0.6', d: '1.0.0-rc.1' } }), []);
    const integrity = `sha512-${'A'.repeat(86)}==`;
    const entries = {
      good: { version: '1.0.0', integrity },
      bare: { version: '1.0.0' },
      weak: { version: '1.0.0', integrity: 'sha1-AAAA' },
      tied: { version: '1.0.0', integrity, resolved: 'git+ssh://git@example.com/a.git#1' },
    };
    assert.deepEqual(unsound(entries), ['bare', 'weak', 'tied']);
  });

  it('每个 package.json 都写准版本, 旁边有锁', () => {
    assert.ok(MANIFESTS.includes('package.json') && MANIFESTS.includes('bench/peers/package.json'));
    for (const file of MANIFESTS) {
      assert.deepEqual(loose(JSON.parse(readSource(file)) as Manifest), [], file);
      const lock = JSON.parse(readSource(file.replace(/\.json$/, '-lock.json'))) as {
        packages: Record<string, LockEntry>;
      };
      assert.deepEqual(unsound(lock.packages), [], file);
      // 清单改了而锁没有跟上: npm ci 会拒绝
      for (const group of GROUPS) {
        const root = (lock.packages[''] as Manifest | undefined)?.[group] ?? {};
        assert.deepEqual(root, (JSON.parse(readSource(file)) as Manifest)[group] ?? {}, `${file} ${group}`);
      }
    }
  });
});

describe('Go 的对照组', () => {
  it('go.mod 写准版本, go.sum 有每个模块的散列', () => {
    const folder = 'bench/peers/go';
    const needed = [
      ...readSource(`${folder}/go.mod`).matchAll(/^\t?(?:require )?([\w./-]+\.[\w./-]+) (\S+)/gm),
    ];
    const sums = readSource(`${folder}/go.sum`);
    assert.ok(needed.length > 10);
    for (const [, name, version = ''] of needed) {
      assert.match(version, /^v\d+\.\d+\.\d+/, name);
      assert.match(sums, new RegExp(`^${name} ${version} h1:`, 'm'), name);
    }
  });
});

describe('脚本', () => {
  it('装东西的命令只照着锁: npm ci, 与 pip --require-hashes', () => {
    const installers = listFiles('scripts', /\.mjs$/).filter((file) =>
      /'(?:install|i|add|npx)'/.test(readSource(file)),
    );
    // 系统的包由软件源定版本: 装上时说出来 (system-packages.mjs)
    assert.deepEqual(installers, ['scripts/python-environment.mjs', 'scripts/system-packages.mjs']);
    assert.match(readSource('scripts/python-environment.mjs'), /'--require-hashes', '--no-deps'/);
  });
});
