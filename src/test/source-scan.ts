// 读源文件: 列文件, 去注释, 找出 import; 不用编译器, 因为只关心写了什么
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

// 依赖, 产物与各工具的缓存: 不是我们写的
const SKIPPED = new Set([
  ...['node_modules', 'dist', '.git', 'package-lock.json'],
  ...['.venv', '__pycache__', '.mypy_cache', '.ruff_cache', '.pytest_cache'],
]);

/** 一处引用; specifier 为 null 表示动态 import 的目标不是字面量 */
export interface ImportSite {
  readonly specifier: string | null;
  /** import type 与 export type: 编译后消失, 不构成运行时的环 */
  readonly typeOnly: boolean;
}

/** 文件夹里的全部文件, 相对 ROOT, 一律用 /; 没有这个文件夹时为空 */
export function listFiles(folder: string, pattern: RegExp): string[] {
  const directory = path.join(ROOT, folder);
  if (!fs.existsSync(directory)) return [];
  return fs.readdirSync(directory, { withFileTypes: true }).flatMap((item) => {
    const file = folder === '' ? item.name : `${folder}/${item.name}`;
    if (SKIPPED.has(item.name)) return [];
    if (item.isDirectory()) return listFiles(file, pattern);
    return item.isFile() && pattern.test(file) ? [file] : [];
  });
}

export function readSource(file: string): string {
  return fs.readFileSync(path.join(ROOT, file), 'utf8');
}

/** 去掉整行注释, 块注释与行尾注释; 前提是代码经过格式化 (行尾注释前有空格) */
export function stripComments(source: string): string {
  return source
    .replace(/^\s*\/\*[\s\S]*?\*\//gm, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s\/\/ .*$/gm, '');
}

// 格式化之后静态语句总在行首, 所以字符串里的 import 不会误认
const STATIC = /^(?:import|export)\b(\s+type\b)?[^'"`;]*?\bfrom\s*(['"])(.+?)\2/gm;
const SIDE_EFFECT = /^import\s*(['"])(.+?)\1/gm;
const DYNAMIC = /\bimport\s*\(\s*(?:(['"`])([^'"`$]+)\1|[^)])/g;
const REQUIRE = /\brequire\s*\(\s*(['"])(.+?)\1/g;
// Worker 的入口也是一条边
const WORKER = /new URL\(\s*(['"])(\.[^'"]+\.[jt]s)\1,\s*import\.meta\.url/g;

/** 静态, 动态, 转出口, require 与 new URL(..., import.meta.url) 的引用 */
export function findImports(source: string): ImportSite[] {
  const code = stripComments(source);
  const sites: ImportSite[] = [];
  for (const match of code.matchAll(STATIC)) {
    sites.push({ specifier: match[3] ?? null, typeOnly: match[1] !== undefined });
  }
  for (const pattern of [SIDE_EFFECT, REQUIRE, WORKER, DYNAMIC]) {
    for (const match of code.matchAll(pattern)) sites.push({ specifier: match[2] ?? null, typeOnly: false });
  }
  return sites;
}

/** 相对引用 -> 源文件 (相对 ROOT, .js 换回 .ts); 包名原样返回 */
export function resolveImport(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}
