// 配置: 来源的先后, 不认识的名字, 不对的值, 互相矛盾的值
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ConfigError, defaultsJson, describeConfig, type LoadOptions, loadConfig } from '../config.js';
import { describeSettings } from '../config-describe.js';
import { parseBytes, parseOrigin } from '../config-formats.js';
import { listSettings, SCHEMA } from '../config-schema.js';

const CONFIG_DIR = fileURLToPath(new URL('../../config', import.meta.url));

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'sluice-config-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** 与开发者的环境变量和 node --test 的参数隔开 */
function load(options: LoadOptions = {}) {
  return loadConfig({ env: {}, args: [], configDir: directory, ...options });
}

function writeConfig(name: string, content: unknown): void {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(path.join(directory, name), text);
}

function failure(options: LoadOptions): string {
  try {
    load(options);
  } catch (error) {
    assert.ok(error instanceof ConfigError, `应当是 ConfigError: ${String(error)}`);
    assert.doesNotMatch(error.message, /\n/, '须只有一行');
    assert.match(error.message, /\p{Script=Han}/u, '须是中文');
    return error.message;
  }
  return assert.fail('应当拒绝启动');
}

describe('配置: 来源', () => {
  it('config/default.json 与清单里的默认值相等', () => {
    // 只比内容与顺序: 空白由格式化工具决定
    const file: unknown = JSON.parse(readFileSync(path.join(CONFIG_DIR, 'default.json'), 'utf8'));
    assert.equal(JSON.stringify(file), JSON.stringify(JSON.parse(defaultsJson())));
  });

  it('没有配置文件时只用清单里的默认值', () => {
    const fromFiles = loadConfig({ env: {}, args: [], configDir: CONFIG_DIR });
    assert.deepEqual(load(), fromFiles);
  });

  it('config/production.example.json 可以直接当 local.json 用', () => {
    const example = readFileSync(path.join(CONFIG_DIR, 'production.example.json'), 'utf8');
    writeConfig('local.json', example);
    const { server, storage } = load();
    assert.equal(server.trustProxy, true);
    assert.equal(storage.quotaBytes, 200 * 1024 ** 3);
  });

  it('每一层都压过前一层', () => {
    const options: { -readonly [K in keyof LoadOptions]: LoadOptions[K] } = {};
    const port = () => load(options).server.port;
    assert.equal(port(), 3000);
    writeConfig('default.json', { server: { port: 3001 } });
    assert.equal(port(), 3001);
    writeConfig('local.json', { server: { port: 3002 } });
    assert.equal(port(), 3002);
    options.env = { SLUICE_PORT: '3003' };
    assert.equal(port(), 3003);
    options.args = ['--server.port', '3004'];
    assert.equal(port(), 3004);
    options.overrides = { server: { port: 0 } };
    assert.equal(port(), 0);
  });

  it('一层只改它写到的键', () => {
    writeConfig('local.json', { server: { port: 4000 } });
    const { server } = load({ env: { SLUICE_HOST: '::1' } });
    assert.deepEqual([server.host, server.port, server.idleTimeoutS], ['::1', 4000, 60]);
  });

  it('协议第 9 节写明的环境变量都有, 默认值也相同', () => {
    const defaults = new Map(listSettings(SCHEMA).map(({ env, entry }) => [env, entry.default]));
    assert.equal(defaults.get('SLUICE_HOST'), '0.0.0.0');
    assert.equal(defaults.get('SLUICE_PORT'), 3000);
    assert.equal(defaults.get('SLUICE_STORAGE'), './storage');
    assert.equal(defaults.get('SLUICE_LOG_LEVEL'), 'info');
    assert.equal(defaults.get('SLUICE_FILE_BYTES'), 2_684_354_560);
    assert.equal(defaults.get('SLUICE_FRAME_BYTES'), 16_777_216);
    const others = [
      'PUBLIC_URL',
      'ALLOWED_ORIGINS',
      'CONNECTIONS_PER_ADDRESS',
      'MESSAGES_PER_SECOND',
      'TRUSTED_ADDRESSES',
    ];
    for (const name of others) assert.ok(defaults.has(`SLUICE_${name}`), name);
    assert.ok(defaults.has('SLUICE_UPLOADS_MAX_ACTIVE'), '没有写明的由路径推出');
  });

  it('环境变量与命令行参数的名字各不相同', () => {
    const settings = listSettings(SCHEMA);
    assert.equal(new Set(settings.map(({ env }) => env)).size, settings.length);
    assert.equal(new Set(settings.map(({ flag }) => flag)).size, settings.length);
  });

  it('空的环境变量等于没有设置', () => {
    assert.equal(load({ env: { SLUICE_PORT: '', SLUICE_PUBLIC_URL: '' } }).server.port, 3000);
  });

  it('脚本, 测试与桌面客户端自己的变量不妨碍启动', () => {
    const env = { SLUICE_SKIP_CHECK: '1', SLUICE_TEST_BROWSER: 'x', SLUICE_CLIENT_URL: 'http://a:1' };
    assert.doesNotThrow(() => load({ env }));
  });

  it('记事本存的 BOM 不妨碍读取', () => {
    writeConfig('local.json', '\uFEFF{"server":{"port":4100}}');
    assert.equal(load().server.port, 4100);
  });
});

describe('配置: 值', () => {
  it('结果是深度只读的', () => {
    const config = load();
    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.server.tls));
    assert.ok(Object.isFrozen(config.files.blockedExtensions));
  });

  it('两次读取互不影响', () => {
    assert.equal(load({ args: ['--server.port=1'] }).server.port, 1);
    assert.equal(load().server.port, 3000);
  });

  it('字节数可以写成 2.5GB 或 16MiB, 都按 1024 计', () => {
    assert.equal(load({ env: { SLUICE_FILE_BYTES: '2.5GB' } }).files.fileBytes, 2_684_354_560);
    writeConfig('local.json', { files: { frameBytes: '8 MiB' } });
    assert.equal(load().files.frameBytes, 8 * 1024 ** 2);
    const cases: [string, number | undefined][] = [
      ['262144', 262_144],
      ['1k', 1024],
      ['1KiB', 1024],
      ['1.5 mb', 1_572_864],
      ['12B', 12],
      ['1.5', undefined],
      ['-1', undefined],
      ['', undefined],
      ['1e3', undefined],
      ['0x10', undefined],
      ['1XB', undefined],
      ['9999999999999999T', undefined],
    ];
    for (const [text, expected] of cases) assert.equal(parseBytes(text), expected, text);
  });

  it('列表用逗号分隔, 文件里用数组', () => {
    const fromEnv = load({ env: { SLUICE_ALLOWED_ORIGINS: 'https://a.example/, http://b.example:8080' } });
    assert.deepEqual(fromEnv.server.allowedOrigins, ['https://a.example', 'http://b.example:8080']);
    writeConfig('local.json', { server: { allowedOrigins: ['https://c.example/'] } });
    assert.deepEqual(load().server.allowedOrigins, ['https://c.example']);
    assert.deepEqual(load({ args: ['--files.blockedExtensions='] }).files.blockedExtensions, []);
    assert.deepEqual(load({ args: ['--files.blockedExtensions', 'EXE,bat'] }).files.blockedExtensions, [
      'exe',
      'bat',
    ]);
  });

  it('publicUrl 去掉末尾的斜线, 不收路径与口令', () => {
    assert.equal(parseOrigin('https://Chat.Example.com/'), 'https://chat.example.com');
    for (const bad of [
      'https://a.example/chat',
      'ftp://a.example',
      'a.example',
      'http://u:p@a.example',
      '*',
    ]) {
      assert.equal(parseOrigin(bad), undefined, bad);
    }
  });

  it('storage.path 按当前目录变成绝对路径, 数字样的名字也不走样', () => {
    assert.equal(load({ args: ['--storage.path', '5.0'] }).storage.path, path.resolve('5.0'));
    assert.equal(load({ env: { SLUICE_STORAGE: '0x10' } }).storage.path, path.resolve('0x10'));
    assert.equal(load().server.tls.certFile, '', '没有设置的路径不会变成当前目录');
  });

  it('Windows 路径在 Windows 上原样使用', { skip: process.platform !== 'win32' }, () => {
    assert.equal(
      load({ env: { SLUICE_STORAGE: 'D:\\sluice\\storage' } }).storage.path,
      'D:\\sluice\\storage',
    );
  });

  it('开关可以省去值', () => {
    assert.equal(load({ args: ['--server.trustProxy'] }).server.trustProxy, true);
    assert.equal(load({ args: ['--server.trustProxy', '--server.port=1'] }).server.trustProxy, true);
    assert.equal(load({ args: ['--server.trustProxy=off'] }).server.trustProxy, false);
  });
});

describe('配置: 错误只有一行, 说清来源, 值与期望', () => {
  it('文件里不认识的键', () => {
    writeConfig('local.json', { server: { prot: 1 } });
    assert.match(failure({}), /local\.json.*"server\.prot".*server\.port/);
  });

  it('文件里企图改动原型的键', () => {
    writeConfig('local.json', '{"__proto__":{"polluted":1}}');
    assert.match(failure({}), /不认识的键 "__proto__"/);
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });

  it('不认识的环境变量与参数', () => {
    assert.match(failure({ env: { SLUICE_PROT: '1' } }), /"SLUICE_PROT".*SLUICE_PORT/);
    assert.match(failure({ args: ['--server.Port=1'] }), /"--server\.Port".*--server\.port/);
    assert.match(failure({ args: ['4000'] }), /"4000"/);
    assert.match(failure({ overrides: { nothing: 1 } as never }), /"nothing"/);
  });

  it('值不对: 键, 环境变量, 值, 期望都在', () => {
    const message = failure({ env: { SLUICE_PORT: '99999' } });
    for (const part of ['server.port', 'SLUICE_PORT', '99999', '0 到 65535'])
      assert.ok(message.includes(part), message);
  });

  it('各种不对的值都被拒绝', () => {
    const bad = ['server.port=0x10', 'server.port=', 'server.port=1.5', 'server.trustProxy=maybe'];
    bad.push(
      'server.idleTimeoutS=7',
      'server.idleTimeoutS=961',
      'files.chunkBytes=2MiB',
      'files.frameBytes=65MiB',
    );
    bad.push(
      'files.hashWorkers=5',
      'files.blockedContent=pe,zip',
      'files.blockedExtensions=.exe',
      'log.level=loud',
    );
    bad.push(
      'server.publicUrl=https://a.example/x',
      'server.allowedOrigins=*',
      'storage.path=',
      'server.host=',
    );
    // 超过 2^31-1 毫秒的定时器会立刻触发
    bad.push('chat.sessionRetainMs=2147483648');
    for (const argument of bad) {
      const key = argument.split('=')[0] ?? '';
      assert.ok(failure({ args: [`--${argument}`] }).includes(`--${key}`), argument);
    }
  });

  it('值的类型不对的文件', () => {
    writeConfig('local.json', { server: { port: null } });
    assert.match(failure({}), /server\.port .*local\.json.*null/);
    writeConfig('local.json', { server: 3000 });
    assert.match(failure({}), /server 须是一个 JSON 对象/);
    writeConfig('local.json', { files: { blockedExtensions: [1] } });
    assert.match(failure({}), /files\.blockedExtensions/);
    writeConfig('local.json', '{"server":');
    assert.match(failure({}), /local\.json 不是合法的 JSON/);
  });

  it('缺少值与重复的参数', () => {
    assert.match(failure({ args: ['--server.port'] }), /--server\.port 缺少值/);
    assert.match(failure({ args: ['--server.port=1', '--server.port=2'] }), /出现了两次/);
  });

  it('Kubernetes 注入的服务变量得到解释', () => {
    assert.match(failure({ env: { SLUICE_PORT: 'tcp://10.0.0.1:80' } }), /enableServiceLinks/);
    assert.match(failure({ env: { SLUICE_SERVICE_HOST: '10.0.0.1' } }), /enableServiceLinks/);
  });

  it('单项合法而互相矛盾的值', () => {
    assert.match(
      failure({ args: ['--uploads.maxActive=1000'] }),
      /uploads\.maxActive.*uploads\.windowBudgetBytes/,
    );
    assert.match(failure({ args: ['--server.tls.certFile=a.pem'] }), /certFile.*keyFile/);
    assert.match(failure({ args: ['--files.windowBytes=128KiB'] }), /files\.chunkBytes.*files\.windowBytes/);
    assert.match(failure({ args: ['--server.receiveBudgetBytes=15MiB'] }), /receiveBudgetBytes/);
    assert.match(failure({ args: ['--chat.maxSessions=10'] }), /chat\.maxMembers.*chat\.maxSessions/);
    assert.match(failure({ args: ['--server.processes=2'] }), /server\.processes = 2.*集群总线.*请设为 1/);
  });
});

describe('配置: 说明', () => {
  it('清单与表格列出每一个键', () => {
    const { effective, markdown } = describeConfig(load());
    for (const { path: key, env, flag, entry } of listSettings(SCHEMA)) {
      assert.ok(effective.includes(` ${key} = `), key);
      assert.ok(
        markdown.includes(`| \`${key}\` |`) && markdown.includes(env) && markdown.includes(flag),
        key,
      );
      assert.match(entry.doc, /\p{Script=Han}/u, `${key} 缺少中文说明`);
    }
  });

  it('改过的值有标记', () => {
    const { effective } = describeConfig(load({ env: { SLUICE_PORT: '4000' } }));
    assert.match(effective, /^\* server\.port = 4000$/m);
    assert.match(effective, /^ {2}server\.host = /m);
  });

  it('秘密不出现在清单, 表格里', () => {
    const entry = {
      default: 'factory-secret',
      format: 'text',
      unit: '',
      doc: '口令',
      sensitive: true,
    } as const;
    const settings = listSettings({ admin: { password: entry } });
    const { effective, markdown } = describeSettings(settings, { admin: { password: 'live-secret' } });
    assert.doesNotMatch(effective + markdown, /secret/);
    assert.match(effective, /admin\.password = \*+/);
  });
});
