// 三道: 文件名说了算, 快的真的什么都不碰, 慢的每份都轮得到
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chooseSlice, laneOf, SLICE_SECONDS, saidSeconds } from './lanes.js';
import { findImports, listFiles, readSource, resolveImport, stripComments } from './source-scan.js';

const TESTS = ['src', 'web'].flatMap((folder) => listFiles(folder, /\.test\.ts$/));
// 里面有给扫描器看的样例源码, 会被当成引用; 它自己只用 source-scan.ts
const WITH_SAMPLES = 'src/test/architecture.fast.test.ts';
const FAST = TESTS.filter((file) => laneOf(file) === 'fast' && file !== WITH_SAMPLES);
// 只算, 不碰外面; inspector 在同一个进程里数步数
const PURE =
  /^(?:node:(?:assert\/strict|crypto|inspector|path|test|url)|busboy|fast-check|file-type\/core|hash-wasm|mime-types)$/;
// 只有它可以读盘, 而且只读项目自己的文字
const READER = 'src/test/source-scan.ts';
// node:net 里只是算地址的几样
const NET_NAMES = /^import \{(?: (?:BlockList|SocketAddress|isIP|isIPv4|isIPv6),?)+ \} from 'node:net';$/m;
const REACHING_OUT = /\bfetch\s*\(|\bnew (?:WebSocket|EventSource|XMLHttpRequest|Worker)\b/;

/** 从 file 走得到的全部源文件与包: [从哪里, 引用什么] */
function reachable(file: string, seen = new Set<string>()): [string, string][] {
  if (seen.has(file)) return [];
  seen.add(file);
  const imports = findImports(readSource(file)).filter(({ typeOnly }) => !typeOnly);
  return imports.flatMap(({ specifier }): [string, string][] => {
    const target = resolveImport(file, specifier ?? '变量');
    const found: [string, string] = [file, target];
    return specifier?.startsWith('.') ? [found, ...reachable(target, seen)] : [found];
  });
}

function isPure(from: string, target: string): boolean {
  return PURE.test(target) || (target === 'node:net' && NET_NAMES.test(readSource(from)));
}

describe('三道测试', () => {
  it('道由文件名看出', () => {
    const names: [string, string][] = [
      ['src/test/naming.fast.test.ts', 'fast'],
      ['dist/web-test/net/frame.fast.test.js', 'fast'],
      ['src/test/crash.slow.test.ts', 'slow'],
      ['src/test/breakfast.test.ts', 'real'],
      ['python_client/tests/test_address_fast.py', 'fast'],
      ['python_client/tests/test_soak_slow.py', 'slow'],
      ['python_client/tests/test_breakfast.py', 'real'],
    ];
    for (const [file, lane] of names) assert.equal(laneOf(file), lane, file);
    assert.ok(FAST.length > 20 && TESTS.some((file) => laneOf(file) === 'slow'));
  });

  it('快的一道走到哪里都不碰套接字, 磁盘, 子进程与浏览器', () => {
    for (const test of FAST) {
      const edges = reachable(test);
      const outside = edges.filter(
        ([from, to]) => !to.endsWith('.ts') && from !== READER && !isPure(from, to),
      );
      assert.deepEqual(outside, [], test);
    }
  });

  it('快的测试自己也不用全局的网络', () => {
    const reaching = FAST.filter((file) => REACHING_OUT.test(stripComments(readSource(file))));
    assert.deepEqual(reaching, []);
  });

  it('慢的文件在第一行说大约多久, 没说的按 30 秒', () => {
    assert.equal(saidSeconds('// 崩溃: 约 20 秒\n'), 20);
    assert.equal(saidSeconds('// 崩溃\n// 约 20 秒\n'), 30);
  });

  it('性质: 接连的种子把每个慢的文件恰好轮到一次, 一份不超过三分钟', () => {
    const file = fc.record({ file: fc.uuid(), seconds: fc.integer({ min: 1, max: 400 }) });
    fc.assert(
      fc.property(fc.uniqueArray(file, { selector: (each) => each.file }), fc.nat(30_000), (files, seed) => {
        const { count } = chooseSlice(files, seed);
        const slices = Array.from({ length: count }, (_, days) => chooseSlice(files, seed + days));
        assert.deepEqual(
          slices.flatMap((slice) => slice.files).sort(),
          files.map((each) => each.file).sort(),
        );
        for (const { files: chosen, seconds } of slices)
          assert.ok(seconds <= SLICE_SECONDS || chosen.length === 1);
        assert.deepEqual(chooseSlice([...files].reverse(), seed), slices[0], '与列出的次序无关');
      }),
    );
  });
});
