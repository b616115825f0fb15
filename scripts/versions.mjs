// 外来的东西的版本: 不由锁文件管, 各台机器不同, 所以一开头就说出来
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { findBrowser } from './browser.mjs';
import { say } from './lib.mjs';
import { findPythons, versionText } from './python-find.mjs';
import { findOnPath, probe } from './system-packages.mjs';

const PROBE_TIMEOUT_MS = 20_000;
const TK = 'import tkinter; print(tkinter.Tcl().call("info", "patchlevel"))';
// Debian 把它放在普通用户的 PATH 之外
const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx'];

/** 各占一行, 写到 stderr; 没有的说没有 (测试要用的随后会装, 装上时再说版本) */
export function sayVersions() {
  const rows = [
    ['Node', `${process.version}, npm ${npmVersion()}, uv ${process.versions.uv}, V8 ${process.versions.v8}`],
    ['系统', `${os.type()} ${os.release()} ${process.arch}, ${libc()}, ${os.cpus().length} 核`],
    ['Python', pythons()],
    ['浏览器', firstLine(process.env['SLUICE_TEST_BROWSER'] || findBrowser(), ['--version'])],
    ['Xvfb', xvfb()],
    [
      'nginx',
      firstLine(
        [findOnPath('nginx'), ...NGINX].find((file) => runs(file, '-v')),
        ['-v'],
      ),
    ],
  ];
  say(`外来的版本:\n${rows.map(([name, version]) => `  ${name}: ${version}`).join('\n')}`);
}

function npmVersion() {
  return /npm\/(\S+)/.exec(process.env['npm_config_user_agent'] ?? '')?.[1] ?? '未知';
}

// glibc 只有 Linux 有; 报告里没有它就是别的 (musl)
function libc() {
  if (process.platform !== 'linux') return os.version();
  const version = process.report.getReport().header.glibcVersionRuntime;
  return version === undefined ? '不是 glibc' : `glibc ${version}`;
}

function pythons() {
  if (process.env['SLUICE_SKIP_PYTHON']) return '跳过';
  const found = findPythons().pythons.map(
    ({ command, version }) => `${versionText(version)} (Tk ${firstLine(command, ['-c', TK])})`,
  );
  return found.join(', ') || '没有';
}

function runs(file, flag) {
  return file !== undefined && spawnSync(file, [flag], { stdio: 'ignore' }).status === 0;
}

// 它自己不肯说; 问软件包, 别的发行版只说有
function xvfb() {
  if (findOnPath('Xvfb') === undefined) return '没有';
  const { output } = probe('dpkg-query', ['-W', 'xvfb']);
  return output.trim() || '有';
}

// nginx 把版本写到 stderr, 前面可能有空行
function firstLine(file, args) {
  if (file === undefined) return '没有';
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: PROBE_TIMEOUT_MS });
  return (
    `${stdout ?? ''}\n${stderr ?? ''}`
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? '问不出'
  );
}
