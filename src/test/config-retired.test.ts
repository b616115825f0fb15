// 不再使用的设置: 写在哪里都只是忽略, 每项提醒一次, 从不因此拒绝启动
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { ConfigError, type LoadOptions, loadConfig } from '../config.js';
import { RETIRED, type RetiredNotice, type RetiredSetting } from '../config-retired.js';
import { listSettings, SCHEMA } from '../config-schema.js';
import { atEnd, MAIN, temporaryFolder } from './harness.js';
import { ROOT } from './source-scan.js';

const OLD: RetiredSetting = {
  path: 'fanout.batchLines',
  env: 'SLUICE_FANOUT_BATCH_LINES',
  flag: '--fanout.batchLines',
  since: '1.3',
  instead: '现在由 fanout.maxDelayMs 决定',
};
// 整组都没有了的
const GONE: RetiredSetting = {
  path: 'cache.images.maxBytes',
  env: 'SLUICE_CACHE_IMAGES_MAX_BYTES',
  flag: '--cache.images.maxBytes',
  since: '1.4',
  instead: '缓存不再需要设置',
};
const TEXT = /^设置 fanout\.batchLines 从 1\.3 起不再使用, 已忽略 \(.*\): 现在由 fanout\.maxDelayMs 决定$/;

function notices(options: LoadOptions): RetiredNotice[] {
  const met: RetiredNotice[] = [];
  loadConfig({
    env: {},
    args: [],
    configDir: 'no-such',
    retired: [OLD, GONE],
    onRetired: (notice) => met.push(notice),
    ...options,
  });
  return met;
}

async function withFile(t: TestContext, content: unknown): Promise<string> {
  const folder = await temporaryFolder(t);
  writeFileSync(path.join(folder, 'local.json'), JSON.stringify(content));
  return folder;
}

describe('不再使用的设置', () => {
  it('在文件, 环境变量与参数里都只是忽略; 写在几处也只提醒一次, 说清在哪里与现在怎么办', async (t) => {
    const configDir = await withFile(t, { fanout: { batchLines: 'x' }, server: { port: 4000 } });
    const env = { SLUICE_FANOUT_BATCH_LINES: '9' };
    const met = notices({ configDir, env, args: ['--fanout.batchLines=7'] });
    assert.equal(met.length, 1);
    assert.equal(met[0]?.path, OLD.path);
    assert.deepEqual(met[0]?.origins, [
      `文件 ${path.join(configDir, 'local.json')}`,
      '环境变量 SLUICE_FANOUT_BATCH_LINES',
      '命令行参数 --fanout.batchLines',
    ]);
    assert.match(met[0]?.text ?? '', TEXT);
    const config = loadConfig({ env, args: [], configDir, retired: [OLD] });
    assert.equal(config.server.port, 4000);
    assert.ok(!('batchLines' in config.fanout));
  });

  it('整组都不在了的键也认得, 值是什么都行', async (t) => {
    for (const value of [5, 'x', null, ['a', 1], { deep: true }]) {
      const configDir = await withFile(t, { cache: { images: { maxBytes: value } } });
      assert.deepEqual(
        notices({ configDir }).map((notice) => notice.path),
        [GONE.path],
      );
    }
  });

  it('参数的值写在下一个里时一起略过, 后面的参数照常', () => {
    const met: string[] = [];
    const { server } = loadConfig({
      env: {},
      args: [
        '--fanout.batchLines',
        '7',
        '--server.port',
        '4001',
        '--fanout.batchLines',
        '--server.trustProxy',
      ],
      configDir: 'no-such',
      retired: [OLD],
      onRetired: ({ text: line }) => met.push(line),
    });
    assert.deepEqual([server.port, server.trustProxy, met.length], [4001, true, 1]);
  });

  it('没有写就不提醒; 空的环境变量等于没有写', () => {
    assert.deepEqual(notices({ env: { SLUICE_FANOUT_BATCH_LINES: '' } }), []);
  });

  it('从来没有过的名字仍然拒绝启动, 同一组里的也是', async (t) => {
    for (const content of [
      { fanout: { batchLine: 1 } },
      { cache: { images: { minBytes: 1 } } },
      { cache: { x: 1 } },
    ]) {
      const configDir = await withFile(t, content);
      assert.throws(() => notices({ configDir }), ConfigError, JSON.stringify(content));
    }
    assert.throws(() => notices({ env: { SLUICE_FANOUT_BATCH_LINE: '1' } }), ConfigError);
    assert.throws(() => notices({ args: ['--cache.images'] }), ConfigError);
  });

  it('表上的名字都不是现有的设置, 各有版本与中文的说明', () => {
    const settings = listSettings(SCHEMA);
    const taken = new Set(settings.flatMap((setting) => [setting.path, setting.env, setting.flag]));
    for (const { path: key, env, flag, since, instead } of RETIRED) {
      for (const name of [key, env, flag]) assert.ok(!taken.has(name), name);
      assert.match(since, /^\d+\.\d+$/, key);
      assert.match(instead, /\p{Script=Han}/u, key);
    }
  });
});

// 真的表此刻也许是空的: 在真进程里先添一行, 再运行入口
const RETIRE = `data:text/javascript,${encodeURIComponent(
  `import { RETIRED } from ${JSON.stringify(new URL('../config-retired.js', import.meta.url).href)};
   RETIRED.push(${JSON.stringify(OLD)});`,
)}`;

async function run(t: TestContext, entry: string, args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', RETIRE, entry, ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      SLUICE_HOST: '127.0.0.1',
      SLUICE_PORT: '0',
      SLUICE_STORAGE: await temporaryFolder(t),
      SLUICE_FANOUT_BATCH_LINES: '9',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { child, exited };
}

describe('不再使用的设置: 真进程', () => {
  it('服务器照常启动, 日志里一条 warn', async (t) => {
    const { child } = await run(t, MAIN, ['--fanout.batchLines=3']);
    const lines: Record<string, unknown>[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(JSON.parse(line) as Record<string, unknown>);
      if (lines.at(-1)?.['event'] === 'listening') break;
    }
    assert.equal(lines.at(-1)?.['event'], 'listening');
    const warned = lines.filter((line) => line['event'] === 'retired_setting');
    assert.equal(warned.length, 1);
    assert.equal(warned[0]?.['level'], 'warn');
    assert.equal(warned[0]?.['setting'], OLD.path);
    assert.match(String(warned[0]?.['msg']), TEXT);
  });

  it('npm run config 照常列出设置, 标准错误上一行', async (t) => {
    const { child, exited } = await run(t, path.join(ROOT, 'scripts', 'config.mjs'), []);
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    assert.equal(child.exitCode, 0);
    assert.match(output, /^\* server\.port = 0$/m);
    assert.equal(errors.match(/fanout\.batchLines 从 1\.3 起不再使用/g)?.length, 1, errors);
  });
});
