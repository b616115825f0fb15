// 构建的步骤: src -> dist (tsc), web 的类型检查与打包; 由 lib.mjs 的 ensureBuilt 在锁内调用
import fs from 'node:fs';
import path from 'node:path';
import { buildWeb } from './build-web.mjs';
import { DIST, listFiles, ROOT, tsc } from './lib.mjs';

/** 返回是否全部通过; 各步的错误已经打印 */
export async function compile() {
  const codes = await Promise.all([tsc('.'), tsc('web'), buildWeb()]);
  removeStale();
  return codes.every((code) => code === 0);
}

// 源文件改名或删除之后留下的 .js 会被当成测试运行, 或被误引用
function removeStale() {
  const sources = listFiles('src').filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  const expected = new Set(
    sources.flatMap((file) => {
      const output = file.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js');
      return [output, `${output}.map`];
    }),
  );
  for (const file of listFiles(path.basename(DIST))) {
    // 网页与网页的测试由各自的打包清理
    const kept = expected.has(file) || /^dist\/web(?:-test)?\//.test(file);
    if (!kept) fs.rmSync(path.join(ROOT, file));
  }
}
