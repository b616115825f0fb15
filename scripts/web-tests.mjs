// 跑网页的测试: 打包, 需要时备好浏览器与同处一室的桌面客户端
import fs from 'node:fs';
import path from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { codeOf, ROOT, say } from './lib.mjs';
import { runNodeTests } from './node-test.mjs';
import { ensurePythons, ensureScreen } from './python.mjs';
import { ensureTestEnvironment } from './python-environment.mjs';

const DESKTOP_PYTHON = 'SLUICE_TEST_PYTHON';
// 源码映射: 打包后的行号对不上源文件。一次一个: 一个 Chromium 就占满两个核, 两个并不更快
const OPTIONS = { nodeFlags: ['--enable-source-maps'], concurrency: 1 };

/** 打包好的文件, 与 sources 一一对应 (相对 ROOT) */
export async function bundleWebTests(sources) {
  if (sources.length === 0) return [];
  // 到这里才加载: 它需要 esbuild, 而依赖可能是刚装的
  const { buildWebTests } = await import('./build-web-test.mjs');
  await buildWebTests();
  return sources.map((file) => file.replace(/^web\/test\//, 'dist/web-test/').replace(/\.ts$/, '.js'));
}

/** 返回没有通过的各项。错误: 没有浏览器又装不上时抛 ScriptError */
export async function runWebTests(sources, { environment, durations }) {
  const files = await bundleWebTests(sources);
  // 各子文件夹里的不需要浏览器: 只选中它们时不装, 跳过浏览器时照跑
  const models = files.filter((file) => /^dist\/web-test\/[^/]+\//.test(file));
  if (models.length === files.length || process.env['SLUICE_SKIP_BROWSER']) {
    const skipped = files.length - models.length;
    if (skipped > 0) say(`!!! 跳过 ${skipped} 个浏览器测试文件 (SLUICE_SKIP_BROWSER) !!!`);
    return runNodeTests(models, { ...OPTIONS, environment, durations });
  }
  const clients = { SLUICE_TEST_BROWSER: await ensureBrowser(), ...(await desktopFor(files)) };
  return runNodeTests(files, { ...OPTIONS, environment: { ...environment, ...clients }, durations });
}

// 与桌面客户端同处一室的测试从这个变量得到它的 Python; 打包后的文件里提到才准备
async function desktopFor(files) {
  if (process.env['SLUICE_SKIP_PYTHON']) return {};
  if (!files.some((file) => fs.readFileSync(path.join(ROOT, file), 'utf8').includes(DESKTOP_PYTHON)))
    return {};
  let executable;
  const code = await codeOf(async () => {
    await ensureScreen();
    executable = await ensureTestEnvironment((await ensurePythons()).at(-1));
    return 0;
  });
  // 准备不成只让用到它的测试失败
  return code === 0 ? { [DESKTOP_PYTHON]: executable } : {};
}
