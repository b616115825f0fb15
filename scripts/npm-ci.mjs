// 运行 npm ci, 并把失败讲成一句人话; 不依赖 lib.mjs, 由它引用
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';

// --include=dev: NODE_ENV=production 时也要 TypeScript 与 esbuild, 否则构建不了
const FLAGS = ['--include=dev', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
const MAX_OUTPUT_CHARS = 4000;

/** 成功返回 undefined, 失败返回给用户看的说明; 副作用: 重建 root 下的 node_modules */
export async function npmCi(root) {
  const npm = findNpm();
  if (npm === undefined) return '找不到 npm: 请用 npm start, npm test 这样的命令运行';
  const child = spawn(process.execPath, [npm, 'ci', ...FLAGS], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    // 原因在开头, 后面是用法说明
    output = (output + text).slice(0, MAX_OUTPUT_CHARS);
  });
  const [code] = await once(child, 'close');
  return code === 0 ? undefined : `${firstLines(output)}\n\n${explain(code, output, root)}`;
}

function firstLines(output) {
  return output.trim().split('\n').slice(0, 12).join('\n');
}

function explain(code, output, root) {
  const head = `安装依赖失败 (npm ci 的退出码是 ${code})`;
  if (/E(?:ACCES|PERM|ROFS)/.test(output)) return `${head}: 没有写 ${root} 的权限, 请检查文件夹的所有者`;
  if (/ENOSPC/.test(output)) return `${head}: 磁盘已满`;
  if (/EUSAGE/.test(output)) return `${head}: package.json 与 package-lock.json 不一致, 请运行 npm install`;
  return `${head}: 多半是连不上 npm 仓库。请检查网络与代理, 或用 npm config set registry 换成能到的镜像后重试`;
}

// npm run 会给出自己的路径; 直接 node scripts/x.mjs 时在 Node 旁边找
function findNpm() {
  const beside = path.dirname(process.execPath);
  const candidates = [
    process.env['npm_execpath'],
    path.join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    path.join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  // npm_execpath 也可能是 yarn 或 pnpm, 它们没有 ci
  return candidates.find((file) => file && path.basename(file) === 'npm-cli.js' && fs.existsSync(file));
}
