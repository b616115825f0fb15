// 读配置: 唯一使用 convict 与 process.env 的地方; 清单在 config-schema.ts
//   清单默认值 < config/default.json < config/local.json < 环境变量 < 命令行参数 < overrides (测试用)
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import convict from 'convict';
import { checkTogether } from './config-checks.js';
import { describeLimits, describeSettings } from './config-describe.js';
import { KINDS, type Rule } from './config-formats.js';
import {
  ConfigError,
  type KnownNames,
  type Layer,
  readArguments,
  readEnvironment,
  readFileLayer,
  readTree,
} from './config-layers.js';
import { RETIRED, type RetiredNotice, type RetiredSetting, retiredNotices } from './config-retired.js';
import { listSettings, SCHEMA, type Setting, type ValuesOf } from './config-schema.js';

export { ConfigError };

/** 全部设置: 深度只读的普通对象, 启动后不再变化; 文件路径已是绝对路径 */
export type Config = ValuesOf<typeof SCHEMA>;

type DeepPartial<T> = {
  readonly [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : DeepPartial<T[K]>;
};
export type ConfigOverrides = DeepPartial<Config>;

export interface LoadOptions {
  /** 省略时读 process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** 省略时读 process.argv */
  readonly args?: readonly string[];
  /** 放 default.json 与 local.json 的文件夹; 省略时是安装目录下的 config/, 与当前目录无关 */
  readonly configDir?: string;
  /** 压过一切来源; 测试与基准用它 */
  readonly overrides?: ConfigOverrides;
  /** 遇到不再使用的设置时, 每项调用一次; 省略时不声不响地忽略 */
  readonly onRetired?: (notice: RetiredNotice) => void;
  /** 不再使用的设置; 测试用, 省略时是 RETIRED */
  readonly retired?: readonly RetiredSetting[];
}

// src/ 与 dist/ 都在安装目录的下一层
const PACKAGE_ROOT = fileURLToPath(new URL('..', import.meta.url));
// 值为路径的项; 空 = 没有设置, 不能变成当前目录
const PATH_SETTINGS = ['storage.path', 'server.tls.certFile', 'server.tls.keyFile'];

type Store = convict.Config<unknown>;

/**
 * 读出并校验全部设置。
 * 错误: ConfigError, 一行中文, 指明哪个键, 来自哪里, 什么值, 应当怎样。
 */
export function loadConfig(options: LoadOptions = {}): Config {
  const settings = listSettings(SCHEMA);
  const known = { settings, retired: options.retired ?? RETIRED };
  const layers = readLayers(known, options);
  const store = createStore();
  for (const layer of layers) {
    for (const [key, value] of layer.values) store.set(key, value.value);
  }
  validate(store, settings, layers);
  for (const key of PATH_SETTINGS) store.set(key, resolvePath(store.get(key as never)));
  const config = deepFreeze(store.get() as Config);
  checkTogether(config);
  const notices = retiredNotices(known.retired, whereRetired(layers));
  if (options.onRetired !== undefined) notices.forEach(options.onRetired);
  return config;
}

/** 给 npm run config: effective 是生效的设置 (秘密已隐去), markdown 是 README 里的表格 */
export function describeConfig(config: Config): { effective: string; markdown: string } {
  return describeSettings(listSettings(SCHEMA), config);
}

/** SECURITY.md 的上限表; 由测试保证文件里的与它相等 */
export function limitsTable(): string {
  return describeLimits(listSettings(SCHEMA));
}

/** config/default.json 应有的全文; 由测试保证文件与它相等 */
export function defaultsJson(): string {
  return `${JSON.stringify(createStore().get(), null, 2)}\n`;
}

function readLayers(known: KnownNames, options: LoadOptions): Layer[] {
  const directory = options.configDir ?? path.join(PACKAGE_ROOT, 'config');
  return [
    readFileLayer(known, path.join(directory, 'default.json')),
    readFileLayer(known, path.join(directory, 'local.json')),
    readEnvironment(known, options.env ?? process.env),
    readArguments(known, options.args ?? process.argv.slice(2)),
    readTree(known, options.overrides ?? {}, 'overrides'),
  ];
}

// 一项可能在几层里都写着: 路径 -> 各处
function whereRetired(layers: readonly Layer[]): Map<string, string[]> {
  const met = new Map<string, string[]>();
  for (const [path, origin] of layers.flatMap((layer) => [...layer.retired])) {
    met.set(path, [...(met.get(path) ?? []), origin]);
  }
  return met;
}

/**
 * 由清单造出 convict。环境变量与参数不交给它自己读:
 * 它的参数解析会把 5.0 变成 5, 又忽略不认识的名字; 这里逐层 set, 先后由 readLayers 决定。
 */
function createStore(): Store {
  for (const [name, kind] of Object.entries(KINDS)) {
    convict.addFormat({
      name: `sluice-${name}`,
      coerce: kind.parse,
      validate(value: unknown, rule) {
        if (!kind.isValid(value, rule as Rule)) throw new Error(kind.expected(rule as Rule));
      },
    });
  }
  return convict(convictSchema(SCHEMA) as convict.Schema<unknown>, { env: {}, args: [] });
}

function convictSchema(node: object, prefix = ''): Record<string, unknown> {
  const leaves = new Map(listSettings(node, prefix).map((setting) => [setting.path, setting]));
  const entries = Object.entries(node).map(([name, child]: [string, object]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const leaf = leaves.get(key);
    if (leaf === undefined) return [name, convictSchema(child, key)];
    return [name, { ...leaf.entry, format: `sluice-${leaf.entry.format}`, env: leaf.env, arg: leaf.path }];
  });
  return Object.fromEntries(entries);
}

/** convict 判定对错; 它的说明是英文又不知道来源, 所以再找出第一个不对的键来解释 */
function validate(store: Store, settings: readonly Setting[], layers: readonly Layer[]): void {
  try {
    store.validate({ allowed: 'strict' });
  } catch (error) {
    for (const { path: key, entry } of settings) {
      const value: unknown = store.get(key as never);
      const kind = KINDS[entry.format];
      if (kind.isValid(value, entry)) continue;
      const origin = layers.findLast((layer) => layer.values.has(key))?.values.get(key)?.origin ?? '默认值';
      const shown = entry.sensitive ? '(已隐去)' : JSON.stringify(value)?.slice(0, 120);
      throw new ConfigError(`配置 ${key} (${origin}) 的值 ${shown} 不对: 须为 ${kind.expected(entry)}`);
    }
    throw error;
  }
}

function resolvePath(value: string): string {
  return value === '' ? '' : path.resolve(value);
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && child !== null) deepFreeze(child);
  }
  return Object.freeze(value);
}
