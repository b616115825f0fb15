// 网页的安全头: Worker 的脚本另有策略, 页面保持严格; 临时文件夹里的清单, 真的 uWS, 有 Chromium 时真的浏览器
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { chromium } from 'playwright-core';
import { loadNative } from '../transport/native.js';
import { Patrol } from '../transport/patrol.js';
import { StaticFiles } from '../transport/static.js';
import { atEnd, serve, temporaryFolder } from './harness.js';
import { listFiles, readSource } from './source-scan.js';

const CHROMIUM = [
  process.env['SLUICE_TEST_BROWSER'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((file) => file !== '' && existsSync(file));

// 最小的 WebAssembly 模块: 魔数与版本号
const COMPILE =
  'WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => true, () => false)';
const DIAL = `function dial(url) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve(true);
    socket.onerror = () => resolve(false);
  });
}`;
const WORKER = `${DIAL}
onmessage = async ({ data }) => postMessage([await ${COMPILE}, await dial(data[0]), await dial(data[1])]);`;

interface Entry {
  readonly url: string;
  readonly file: string;
  readonly type: string;
  readonly content: string;
  readonly worker?: boolean;
}

const SCRIPT = 'text/javascript; charset=utf-8';
// 空图标: 免得浏览器去要 /favicon.ico, 在控制台留下 404
const PAGE = '<!doctype html><title>x</title><link rel="icon" href="data:,">';
const SITE: readonly Entry[] = [
  {
    url: '/',
    file: 'index.html',
    type: 'text/html; charset=utf-8',
    content: PAGE,
  },
  { url: '/hash.js', file: 'hash.js', type: SCRIPT, content: WORKER, worker: true },
  { url: '/plain.js', file: 'plain.js', type: SCRIPT, content: WORKER },
];

/** 只有静态文件与 WebSocket 的真服务器; 返回端口 */
async function site(t: TestContext, isSecure = false): Promise<number> {
  const folder = await temporaryFolder(t);
  const manifest: Record<string, object> = {};
  for (const { url, content, ...entry } of SITE) {
    await writeFile(path.join(folder, entry.file), content);
    manifest[url] = { ...entry, etag: '"x"', cache: 'no-cache' };
  }
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
  const patrol = new Patrol({ now: () => performance.now(), stallTimeoutMs: 60_000 });
  const statics = await StaticFiles.load(folder, { patrol, report: () => '', isSecure: () => isSecure });
  const native = await loadNative();
  const app = native.App().ws('/*', {});
  app.get('/*', (res, req) => statics.handle(res, req, false));
  atEnd(t, () => app.close());
  return new Promise((resolve) => {
    app.listen('127.0.0.1', 0, (socket) => resolve(socket ? native.us_socket_local_port(socket) : 0));
  });
}

async function headersOf(url: string): Promise<Headers> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  await response.arrayBuffer();
  return response.headers;
}

async function policyOf(url: string): Promise<string> {
  return (await headersOf(url)).get('content-security-policy') ?? '';
}

describe('网页: 安全头', () => {
  it('只有标了 worker 的脚本可以编译 WebAssembly, 别的都是页面的策略', async (t) => {
    const origin = `http://127.0.0.1:${await site(t)}`;
    assert.equal(
      await policyOf(`${origin}/hash.js`),
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
    );
    const page = await policyOf(`${origin}/`);
    assert.equal(await policyOf(`${origin}/plain.js`), page);
    assert.doesNotMatch(page, /unsafe-|\*|wss?:/);
  });

  it('304 也带策略: 浏览器用它更新缓存里的', async (t) => {
    const origin = `http://127.0.0.1:${await site(t)}`;
    const response = await fetch(`${origin}/hash.js`, { headers: { 'If-None-Match': '"x"' } });
    assert.equal(response.status, 304);
    assert.match(response.headers.get('content-security-policy') ?? '', /wasm-unsafe-eval/);
  });

  it('页面关掉用不到的能力; 明文 http 上不发浏览器不采纳的 COOP', async (t) => {
    for (const secure of [false, true]) {
      const origin = `http://127.0.0.1:${await site(t, secure)}`;
      const page = await headersOf(`${origin}/`);
      assert.match(page.get('permissions-policy') ?? '', /^camera=\(\), microphone=\(\), geolocation=\(\)/);
      assert.equal(page.get('cross-origin-opener-policy'), secure ? 'same-origin' : null);
      const script = await headersOf(`${origin}/plain.js`);
      assert.equal(script.get('permissions-policy') ?? script.get('cross-origin-opener-policy'), null);
    }
  });

  it('代理说是 https 才算 https, 而且只在 trustProxy 时', async (t) => {
    for (const trustProxy of [false, true]) {
      const { http } = await serve(t, { server: { trustProxy } });
      const response = await fetch(http, { headers: { 'X-Forwarded-Proto': 'https' } });
      const policy = response.headers.get('cross-origin-opener-policy');
      assert.equal(policy, trustProxy ? 'same-origin' : null);
    }
  });

  it('构建: 每个 *.worker.ts 在清单里都标了 worker, 别的都没有', async (t) => {
    const { http } = await serve(t);
    const manifest = JSON.parse(readSource('dist/web/manifest.json')) as Record<string, { worker?: boolean }>;
    const workers = Object.keys(manifest).filter((url) => manifest[url]?.worker === true);
    assert.equal(workers.length, listFiles('web/src', /\.worker\.ts$/).length);
    for (const url of Object.keys(manifest)) {
      const isWorker = (await policyOf(`${http}${url}`)).includes("'wasm-unsafe-eval'");
      assert.equal(isWorker, workers.includes(url), url);
    }
  });
});

// 与 web/test 的浏览器测试用同样的两个变量
const skip =
  CHROMIUM === undefined || process.env['SLUICE_SKIP_BROWSER']
    ? '没有找到 Chromium, 或要求跳过; 可用 SLUICE_TEST_BROWSER 指明'
    : false;

describe('网页: 真的浏览器', { skip }, () => {
  it('本站的 WebSocket 连得上, 别的来源连不上; WebAssembly 只在 Worker 里; 控制台没有别的警告', async (t) => {
    const port = await site(t);
    const elsewhere = await site(t);
    // root 下 Chromium 的沙箱起不来 (容器里的 CI)
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args });
    atEnd(t, () => browser.close());
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(`http://127.0.0.1:${port}/`);
    // 写成文字: 页面里的 DOM 类型不在服务器的编译选项里
    const found = await page.evaluate(`(async () => {
      ${DIAL}
      const urls = ['ws://127.0.0.1:${port}/ws', 'ws://127.0.0.1:${elsewhere}/ws'];
      const work = (url) => new Promise((resolve, reject) => {
        const worker = new Worker(url);
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = reject;
        worker.postMessage(urls);
      });
      return {
        page: [await ${COMPILE}, await dial(urls[0]), await dial(urls[1])],
        worker: await work('/hash.js'),
        plain: await work('/plain.js'),
      };
    })()`);
    assert.deepEqual(found, {
      page: [false, true, false],
      worker: [true, true, false],
      plain: [false, true, false],
    });
    assert.deepEqual(
      complaints.filter((text) => !text.includes("connect-src 'self'")),
      [],
    );
  });
});
