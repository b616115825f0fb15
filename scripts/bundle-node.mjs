// 用 esbuild 打包在 Node 里运行的 TypeScript (压测, 网页的测试); 包不打进去, 运行时照常从 node_modules 读
import * as esbuild from 'esbuild';
import { ROOT } from './lib.mjs';

/** options 压过这里的默认值; 返回写出的文件 (相对 ROOT)。出错时 esbuild 已经打印, 仍抛出 */
export async function bundleForNode(options) {
  const { metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    // 支持的最低版本
    target: 'node20',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
    ...options,
  });
  return Object.keys(metafile.outputs);
}
