// GET 的查询参数 -> 与同名的消息一样的字段: 数字写成数字, 其余照原样; 合不合格由 codec 说, 两个入口同一套
import { decodeText } from '../files/text-charset.js';
import { AppError } from '../protocol/errors.js';

const NUMBERS = new Set(['before', 'after', 'limit', 'utcOffset']);
const TEXTS = new Set(['query', 'kind', 'group', 'from', 'features']);
const INTEGER = /^-?\d+$/;

/** query 不含问号; 同名的第一个有效, 不认得的忽略。错误: invalid_field (既不是 UTF-8, 也不是 GBK) */
export function queryFields(query: string | undefined): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const pair of (query ?? '').split('&')) {
    const [name = '', ...rest] = pair.split('=');
    if (name in fields || !(NUMBERS.has(name) || TEXTS.has(name))) continue;
    const value = decodeValue(name, rest.join('='));
    fields[name] = NUMBERS.has(name) && INTEGER.test(value) ? Number(value) : value;
  }
  return fields;
}

/** ?features=people: 与 join 的 features 同义, 以逗号分隔 */
export function wantsPeople(features: unknown): boolean {
  return typeof features === 'string' && features.split(',').includes('people');
}

// 按字节还原再认编码: 中文 Windows 上的工具把网址写成 GBK 的百分号
function decodeValue(name: string, value: string): string {
  // 网址里只有 ASCII; 单个的百分号照字面
  const bytes = value
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const text = decodeText(Buffer.from(bytes, 'latin1'));
  if (text !== undefined) return text;
  throw new AppError('invalid_field', {
    detail: `${name} 不是 UTF-8 或 GBK 编码的文字`,
    facts: { field: name },
  });
}
