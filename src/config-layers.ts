// 配置的各层来源: 文件, 环境变量, 命令行; 不认识的名字在这里就报错, 不会悄悄失效
import { readFileSync } from 'node:fs';
import { ACT_FLAGS } from './config-acts.js';
import type { RetiredSetting } from './config-retired.js';
import type { Setting } from './config-schema.js';

/** 配置有误; message 是给管理员看的一行中文 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface LayerValue {
  readonly value: unknown;
  /** 值从哪里来, 用在错误里, 例如 "环境变量 SLUICE_PORT" */
  readonly origin: string;
}

export interface Layer {
  readonly values: ReadonlyMap<string, LayerValue>;
  /** 这一层里还写着的, 不再使用的设置: 路径 -> 写在哪里 */
  readonly retired: ReadonlyMap<string, string>;
}

/** 认得的名字: 现在的, 与不再使用的 */
export interface KnownNames {
  readonly settings: readonly Setting[];
  readonly retired: readonly RetiredSetting[];
}

// 归脚本, 测试, 基准和桌面客户端所有的变量; 服务器不读, 也不能因为它们而拒绝启动
const TOOL_VARIABLE = /^SLUICE_(?:SKIP|TEST|BENCH|CLIENT)_/;
// 名为 sluice 的 Kubernetes 服务会被注入这些变量
const KUBERNETES_VARIABLE = /^SLUICE_(?:SERVICE_|PORT_\d)/;
const KUBERNETES_HINT = '这像是 Kubernetes 注入的服务变量, 请在 Pod 里设 enableServiceLinks: false';

/** 读一个 JSON 文件; 文件不存在等于空 */
export function readFileLayer(known: KnownNames, file: string): Layer {
  return readTree(known, readJsonFile(file), `文件 ${file}`);
}

function readJsonFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new ConfigError(`读不了配置文件 ${file}: ${code ?? String(error)}`);
  }
  try {
    // 记事本存的 UTF-8 带 BOM, JSON.parse 不认
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error);
    throw new ConfigError(`配置文件 ${file} 不是合法的 JSON: ${reason}`);
  }
}

/** 把嵌套对象压平成一层; 保证: 结果里只有清单上的键 */
export function readTree(known: KnownNames, tree: unknown, origin: string): Layer {
  const paths = new Set(known.settings.map((setting) => setting.path));
  const retiredPaths = new Set(known.retired.map((setting) => setting.path));
  const groups = [...paths, ...retiredPaths];
  const values = new Map<string, LayerValue>();
  const retired = new Map<string, string>();
  collect(tree, '');
  return { values, retired };

  function collect(node: unknown, prefix: string): void {
    if (!isPlainObject(node)) {
      throw new ConfigError(`${origin} 里的 ${prefix || '最外层'} 须是一个 JSON 对象`);
    }
    for (const [name, child] of Object.entries(node)) {
      const key = prefix === '' ? name : `${prefix}.${name}`;
      if (paths.has(key)) values.set(key, { value: joinList(child), origin });
      else if (retiredPaths.has(key)) retired.set(key, origin);
      else if (groups.some((path) => path.startsWith(`${key}.`))) collect(child, key);
      else throw new ConfigError(`${origin} 里有不认识的键 ${show(key)}${suggest(key, [...paths])}`);
    }
  }
}

function isPlainObject(node: unknown): node is Record<string, unknown> {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

// convict 只转换文本: 数组也并成一行, 这样文件与环境变量走同一条规整的路 (例如去掉地址末尾的 /)
function joinList(value: unknown): unknown {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.join(',') : value;
}

/** 读 SLUICE_*; 空值等于没有设置 (docker compose 常常传空值) */
export function readEnvironment(known: KnownNames, env: Readonly<Record<string, string | undefined>>): Layer {
  const byName = new Map(known.settings.map((setting) => [setting.env, setting.path]));
  const retiredByName = new Map(known.retired.map((setting) => [setting.env, setting.path]));
  const values = new Map<string, LayerValue>();
  const retired = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('SLUICE_') || TOOL_VARIABLE.test(name)) continue;
    const retiredPath = retiredByName.get(name);
    if (retiredPath !== undefined) {
      if (value) retired.set(retiredPath, `环境变量 ${name}`);
      continue;
    }
    const key = byName.get(name);
    if (key === undefined) {
      const hint = KUBERNETES_VARIABLE.test(name)
        ? `; ${KUBERNETES_HINT}`
        : suggest(name, [...byName.keys()]);
      throw new ConfigError(`不认识的环境变量 ${show(name)}${hint}`);
    }
    if (value === undefined || value === '') continue;
    if (value.startsWith('tcp://'))
      throw new ConfigError(`环境变量 ${name} 的值 ${show(value)} 不对; ${KUBERNETES_HINT}`);
    values.set(key, { value, origin: `环境变量 ${name}` });
  }
  return { values, retired };
}

/** 读 --path=value 与 --path value; 开关可以省去值 */
export function readArguments(known: KnownNames, args: readonly string[]): Layer {
  const byFlag = new Map(known.settings.map((setting) => [setting.flag, setting]));
  const retiredByFlag = new Map(known.retired.map((setting) => [setting.flag, setting.path]));
  const values = new Map<string, LayerValue>();
  const retired = new Map<string, string>();
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [flag = '', ...parts] = argument.split('=');
    const retiredPath = retiredByFlag.get(flag);
    if (retiredPath !== undefined) {
      retired.set(retiredPath, `命令行参数 ${flag}`);
      // 它的值写在下一个参数里时一起略过; 没有不带 -- 的参数, 不会略过别的
      if (parts.length === 0 && rest[0]?.startsWith('--') === false) rest.shift();
      continue;
    }
    // 不带值的已由入口挑走
    if (ACT_FLAGS.includes(flag)) throw new ConfigError(`命令行参数 ${flag} 只用于启动服务器, 不带值`);
    const setting = byFlag.get(flag);
    if (setting === undefined) {
      const hint = suggest(flag, [...byFlag.keys(), ...ACT_FLAGS]);
      throw new ConfigError(`不认识的命令行参数 ${show(flag)}${hint}`);
    }
    if (values.has(setting.path)) throw new ConfigError(`命令行参数 ${flag} 出现了两次`);
    const value = parts.length > 0 ? parts.join('=') : takeValue(setting, rest);
    values.set(setting.path, { value, origin: `命令行参数 ${flag}` });
  }
  return { values, retired };
}

function takeValue(setting: Setting, rest: string[]): string {
  const next = rest[0];
  if (next !== undefined && !next.startsWith('--')) {
    rest.shift();
    return next;
  }
  if (setting.entry.format === 'flag') return 'true';
  throw new ConfigError(`命令行参数 ${setting.flag} 缺少值, 写作 ${setting.flag}=值`);
}

function show(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}

// 只在很像的时候猜: 错一两个字母, 或大小写不同
function suggest(name: string, candidates: readonly string[]): string {
  const scored = candidates.map((item) => ({
    item,
    distance: editDistance(name.toLowerCase(), item.toLowerCase()),
  }));
  const best = scored.sort((left, right) => left.distance - right.distance)[0];
  return best !== undefined && best.distance <= 3 ? `, 是否想写 ${best.item}` : ', 全部设置见 npm run config';
}

/** Levenshtein 距离; 名字至多 120 字符, 只在报错时算 */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= Math.min(left.length, 120); i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
