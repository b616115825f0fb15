// 打包网页: 产物先写进内存, 再一次换掉 dist/web; 服务器只照 manifest.json 发文件
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import * as esbuild from 'esbuild';
import { DIST, listFiles, ROOT } from './lib.mjs';

const WEB = path.join(ROOT, 'web');
const OUTPUT = path.join(DIST, 'web');
// 压缩后至少省一成才值得多存一份
const WORTHWHILE = 0.9;
// 文件名: 文件类型; 不在表里的不发布
const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.webmanifest', 'application/manifest+json'],
  ['.png', 'image/png'],
  ['.webp', 'image/webp'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
]);
const COMPRESSIBLE = new Set(['.html', '.css', '.js', '.svg', '.webmanifest']);
const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

/** 返回 0 或 1, 与 tsc 的退出码同义; 错误由 esbuild 自己打印 */
export async function buildWeb() {
  try {
    const assets = await bundle();
    await publish([...assets.files, ...renderPages(assets.urls)]);
    return 0;
  } catch (error) {
    if (!Array.isArray(error?.errors)) throw error;
    return 1;
  } finally {
    // 否则 esbuild 的服务进程与 npm start 同寿
    await esbuild.stop();
  }
}

/** 结果: files 是 { url, content, cache, worker }, urls 把源路径 (src/main.ts) 映到发布的 URL */
async function bundle() {
  const workers = await runEsbuild(
    entries((file) => file.endsWith('.worker.ts')),
    {},
  );
  // Worker 的 URL 带散列, 页面脚本从 WORKER_URLS['hash'] 取
  const workerUrls = Object.fromEntries(
    [...workers.urls].map(([source, url]) => [path.basename(source, '.worker.ts'), url]),
  );
  const pages = await runEsbuild(
    entries((file) => file === 'web/src/main.ts' || file === 'web/style.css'),
    {
      WORKER_URLS: JSON.stringify(workerUrls),
    },
  );
  const statics = staticFiles();
  // 记在清单里: 服务器给 Worker 的脚本另一份内容安全策略
  const workerScripts = new Set(workers.urls.values());
  const workerFiles = workers.files.map((file) => ({ ...file, worker: workerScripts.has(file.url) }));
  return {
    files: [...workerFiles, ...pages.files, ...statics.files],
    urls: new Map([...pages.urls, ...statics.urls]),
  };
}

function entries(isEntry) {
  return listFiles('web').filter(isEntry);
}

async function runEsbuild(entryPoints, define) {
  if (entryPoints.length === 0) return { files: [], urls: new Map() };
  const result = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints,
    define,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    // 当前各浏览器的长期支持线; 只转换语法, 不加垫片
    target: ['chrome111', 'edge111', 'firefox115', 'safari16.4'],
    charset: 'utf8',
    legalComments: 'none',
    outdir: path.join(OUTPUT, 'assets'),
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    publicPath: '/assets',
    loader: { '.svg': 'file', '.png': 'file', '.webp': 'file', '.woff2': 'file' },
    logLevel: 'warning',
  });
  const files = result.outputFiles.map((file) => ({
    url: `/assets/${path.basename(file.path)}`,
    content: Buffer.from(file.contents),
    cache: 'immutable',
  }));
  const urls = new Map();
  for (const [output, { entryPoint }] of Object.entries(result.metafile.outputs)) {
    if (entryPoint) urls.set(entryPoint.replace(/^web\//, ''), `/assets/${path.basename(output)}`);
  }
  return { files, urls };
}

// web/ 最外层的图标等; 名字固定的 URL 不能 immutable
function staticFiles() {
  const files = [];
  const urls = new Map();
  for (const item of fs.readdirSync(WEB, { withFileTypes: true })) {
    const extension = path.extname(item.name);
    if (!item.isFile() || !TYPES.has(extension) || ['.html', '.css', '.js'].includes(extension)) continue;
    files.push({
      url: `/${item.name}`,
      content: fs.readFileSync(path.join(WEB, item.name)),
      cache: 'no-cache',
    });
    urls.set(item.name, `/${item.name}`);
  }
  return { files, urls };
}

/** HTML 里 href="style.css", src="src/main.ts" 这样的源路径换成发布的 URL; 换不掉的就是写错了 */
function renderPages(urls) {
  return fs
    .readdirSync(WEB)
    .filter((name) => name.endsWith('.html'))
    .map((name) => {
      const text = fs
        .readFileSync(path.join(WEB, name), 'utf8')
        .replace(/\b(src|href)="([^"#:]+)"/g, (match, attribute, target) => {
          const url = urls.get(target.replace(/^\.?\//, ''));
          if (url === undefined) throw new Error(`web/${name} 引用了不存在的 ${target} (${match})`);
          return `${attribute}="${url}"`;
        });
      return {
        url: name === 'index.html' ? '/' : `/${name}`,
        name,
        content: Buffer.from(text),
        cache: 'no-cache',
      };
    });
}

/** 写出全部文件与 manifest.json; 清单最后写, 所以服务器看到的清单总是完整的 */
async function publish(files) {
  fs.mkdirSync(path.join(OUTPUT, 'assets'), { recursive: true });
  const manifest = {};
  for (const file of files) manifest[file.url] = await writeVariants(file);
  fs.writeFileSync(path.join(OUTPUT, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const kept = new Set(Object.values(manifest).flatMap(({ file, br, gz }) => [file, br, gz]));
  for (const file of listFiles('dist/web')) {
    const name = file.slice('dist/web/'.length);
    if (name !== 'manifest.json' && !kept.has(name)) fs.rmSync(path.join(ROOT, file));
  }
}

async function writeVariants({ url, name, content, cache, worker = false }) {
  const file = name ?? url.slice(1);
  const extension = path.extname(file);
  // 强 ETag 指未压缩的内容; 服务器发 br 或 gz 时要另加后缀, 三份的字节并不相同
  const digest = createHash('sha256').update(content).digest('base64url');
  const entry = {
    file,
    type: TYPES.get(extension) ?? 'application/octet-stream',
    etag: `"${digest.slice(0, 27)}"`,
  };
  fs.writeFileSync(path.join(OUTPUT, file), content);
  if (COMPRESSIBLE.has(extension)) {
    await writeSmaller(entry, 'br', await brotli(content), content.length);
    await writeSmaller(entry, 'gz', await gzip(content, { level: 9 }), content.length);
  }
  return { ...entry, cache, ...(worker ? { worker } : {}) };
}

async function writeSmaller(entry, encoding, compressed, plainBytes) {
  if (compressed.length > plainBytes * WORTHWHILE) return;
  entry[encoding] = `${entry.file}.${encoding}`;
  fs.writeFileSync(path.join(OUTPUT, entry[encoding]), compressed);
}
