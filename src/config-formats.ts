// 配置值的种类: 文本怎样读成值, 什么算合法; 不读文件也不读环境变量
import { isIP } from 'node:net';

export type Kind =
  | 'text'
  | 'flag'
  | 'int'
  | 'bytes'
  | 'origin'
  | 'origins'
  | 'networks'
  | 'words'
  | 'hosts'
  | 'names'
  | 'choice'
  | 'choices';

/** 一个配置项的约束; min 与 max 用于 int 和 bytes (text 的 min 是最短字符数), choices 用于 choice 和 choices */
export interface Rule {
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
}

export interface KindEntry {
  /** 文本 -> 值; 读不懂时原样返回, 由 isValid 拒绝, 这样错误里留有原值 */
  readonly parse: (text: string) => unknown;
  readonly isValid: (value: unknown, rule: Rule) => boolean;
  /** 期望的中文说法, 用在错误和文档里 */
  readonly expected: (rule: Rule) => string;
}

// KB 与 KiB 都按 1024 计: 2.5GB 就是协议里的 2684354560
const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1024],
  ['m', 1024 ** 2],
  ['g', 1024 ** 3],
  ['t', 1024 ** 4],
]);

/** 读 `262144`, `2.5GB`, `16 MiB`; 不合法或除不尽时返回 undefined */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,16})(\.\d{1,9})?\s*(?:([kmgt])i?)?b?$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, whole = '', fraction = '', prefix = ''] = match;
  // 没有单位的小数 (1.5 字节) 没有意义
  if (fraction !== '' && prefix === '') return undefined;
  const bytes = Math.floor(Number(whole + fraction) * (UNITS.get(prefix.toLowerCase()) ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** 只留 scheme 与主机; 带路径, 查询或口令的地址返回 undefined */
export function parseOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain =
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === '';
  return plain && (url.protocol === 'http:' || url.protocol === 'https:') ? url.origin : undefined;
}

/** CIDR, 或一个地址 (就是只有它的网段) -> 地址/前缀长度; 不合法时返回 undefined */
export function parseNetwork(text: string): string | undefined {
  const [, address = '', bits] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  const width = family === 4 ? 32 : 128;
  const length = bits === undefined ? width : Number(bits);
  return family !== 0 && length <= width ? `${address.toLowerCase()}/${length}` : undefined;
}

function parseFlag(text: string): unknown {
  const word = text.trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return true;
  return ['false', '0', 'no', 'off'].includes(word) ? false : text;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function isWithin(value: unknown, { min = 0, max = Number.MAX_SAFE_INTEGER }: Rule): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

function isListOf(value: unknown, isItem: (item: string) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && isItem(item));
}

function range({ min = 0, max = Number.MAX_SAFE_INTEGER }: Rule): string {
  return max === Number.MAX_SAFE_INTEGER ? `不小于 ${min}` : `${min} 到 ${max}`;
}

export const KINDS: Readonly<Record<Kind, KindEntry>> = {
  text: {
    parse: (text) => text,
    // NUL 会让系统调用在半路截断路径
    isValid: (value, { min = 0 }) =>
      typeof value === 'string' && value.length >= min && !value.includes('\0'),
    expected: ({ min = 0 }) => (min > 0 ? '非空的文字' : '一段文字'),
  },
  flag: {
    parse: parseFlag,
    isValid: (value) => typeof value === 'boolean',
    expected: () => 'true 或 false',
  },
  int: {
    // 只认十进制: Number('') 是 0, Number('0x10') 是 16, 都会悄悄走样
    parse: (text) => (/^-?\d{1,16}$/.test(text.trim()) ? Number(text) : text),
    isValid: isWithin,
    expected: (rule) => `${range(rule)} 的整数`,
  },
  bytes: {
    parse: (text) => parseBytes(text) ?? text,
    isValid: isWithin,
    expected: (rule) => `${range(rule)} 的字节数, 可写作 16MiB 或 2.5GB`,
  },
  origin: {
    parse: (text) => parseOrigin(text.trim()) ?? text,
    isValid: (value) => value === '' || (typeof value === 'string' && parseOrigin(value) === value),
    expected: () => '空, 或不带路径的 http(s) 地址, 例如 https://chat.example.com',
  },
  origins: {
    parse: (text) => splitList(text).map((item) => parseOrigin(item) ?? item),
    isValid: (value) => isListOf(value, (item) => item === 'null' || parseOrigin(item) === item),
    expected: () =>
      '以逗号分隔的 http(s) 地址, 不带路径, 不支持通配符; 也可以有 null (沙盒与 file: 里的网页)',
  },
  networks: {
    parse: (text) => splitList(text).map((item) => parseNetwork(item) ?? item),
    isValid: (value) => isListOf(value, (item) => parseNetwork(item) === item),
    expected: () => '以逗号分隔的地址或网段 (CIDR), 例如 10.0.0.0/8, 2001:db8::/32',
  },
  words: {
    parse: (text) => splitList(text.toLowerCase()),
    isValid: (value) => isListOf(value, (item) => /^[a-z0-9][a-z0-9_-]{0,31}$/.test(item)),
    expected: () => '以逗号分隔的小写扩展名, 不带点',
  },
  hosts: {
    parse: (text) => splitList(text.toLowerCase()),
    isValid: (value) => isListOf(value, (item) => /^[a-z0-9_][a-z0-9._-]{0,252}$/.test(item)),
    expected: () => '以逗号分隔的小写主机名, 不带端口',
  },
  names: {
    parse: splitList,
    isValid: (value) => isListOf(value, (item) => item.trim() !== '' && item.length <= 32),
    expected: () => '以逗号分隔的名字, 每个至多 32 个字符',
  },
  choice: {
    parse: (text) => text.trim(),
    isValid: (value, { choices = [] }) => typeof value === 'string' && choices.includes(value),
    expected: ({ choices = [] }) => `${choices.join(', ')} 之一`,
  },
  choices: {
    parse: splitList,
    isValid: (value, { choices = [] }) => isListOf(value, (item) => choices.includes(item)),
    expected: ({ choices = [] }) => `以逗号分隔的 ${choices.join(', ')}`,
  },
};
