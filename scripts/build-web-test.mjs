// 打包网页的测试: web/test/**/*.test.ts -> dist/web-test/; 一秒之内, 所以每次都做, 不看散列
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleForNode } from './bundle-node.mjs';
import { DIST, listFiles, ROOT, ScriptError } from './lib.mjs';

const SOURCE = path.join(ROOT, 'src') + path.sep;

/** 返回打包好的测试文件 (相对 ROOT); 前提: src 已经编译到 dist */
export async function buildWebTests() {
  const entryPoints = listFiles('web/test').filter((file) => file.endsWith('.test.ts'));
  if (entryPoints.length === 0) return [];
  const written = await bundle(entryPoints);
  removeStale(new Set(written));
  return written.filter((file) => file.endsWith('.test.js'));
}

async function bundle(entryPoints) {
  const options = { entryPoints, outbase: 'web/test', outdir: 'dist/web-test', plugins: [compiledServer] };
  try {
    return await bundleForNode(options);
  } catch (error) {
    if (!Array.isArray(error?.errors)) throw error;
    throw new ScriptError('网页的测试打包失败, 原因见上');
  }
}

// src/ 不打进测试里, 改为引用编译好的 dist/: 服务器的代码只有一份, harness 也找得到旁边的 main.js
const compiledServer = {
  name: 'compiled-server',
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path: specifier, resolveDir }) => {
      const target = path.join(resolveDir, specifier);
      if (!target.startsWith(SOURCE)) return undefined;
      const compiled = path.join(DIST, target.slice(SOURCE.length));
      // 绝对的 file: URL: 产物在哪一层都对, Windows 的盘符也不会被当成协议
      return { path: pathToFileURL(compiled).href, external: true };
    });
  },
};

// 先写后删, 不先清空: 另一个 npm test 可能正在运行同一批文件
function removeStale(written) {
  for (const file of listFiles('dist/web-test')) {
    if (!written.has(file)) fs.rmSync(path.join(ROOT, file));
  }
}
