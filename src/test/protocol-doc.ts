// 读 PROTOCOL.md: 章节, 表格, JSON 示例, 以及其中逐条写明的消息
import assert from 'node:assert/strict';
import { readSource } from './source-scan.js';

export interface DocSection {
  readonly title: string;
  /** 每张表的各行, 不含表头; 单元格里的反引号已去掉 */
  readonly tables: readonly (readonly string[])[][];
  /** 每个 json 代码块的原文 */
  readonly examples: readonly string[];
}

export interface DocField {
  readonly type: string;
  readonly required: boolean;
}

/** 一条消息的一种形态, 例如 user_update sync */
export interface DocMessage {
  readonly title: string;
  readonly type: string;
  readonly fromClient: boolean;
  readonly fields: ReadonlyMap<string, DocField>;
  readonly examples: readonly string[];
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;
const MESSAGE_TITLE = /^(\w+)(?: \S+)? \((客户端|服务器) -> .+\)$/;

/** 按二级与三级标题切开; 代码块里的 # 不算标题 */
export function readSections(file: string): DocSection[] {
  const blocks: { language: string; text: string }[] = [];
  const text = readSource(file).replace(FENCE, (_match, language: string, body: string) => {
    blocks.push({ language, text: body });
    return `@block ${blocks.length - 1}`;
  });
  return text.split(/^#{2,3} /m).map((part) => {
    const lines = part.split('\n');
    const used = lines.flatMap((line) => blocks[Number(/^@block (\d+)$/.exec(line)?.[1] ?? -1)] ?? []);
    const examples = used.filter(({ language }) => language === 'json').map((block) => block.text);
    return { title: lines[0] ?? '', tables: readTables(lines), examples };
  });
}

function readTables(lines: readonly string[]): string[][][] {
  const tables: string[][][] = [];
  lines.forEach((line, index) => {
    if (!line.startsWith('|')) return;
    if (!lines[index - 1]?.startsWith('|')) tables.push([]);
    tables.at(-1)?.push(
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map(cleanCell),
    );
  });
  // 前两行是表头与分隔线
  return tables.map((rows) => rows.slice(2));
}

function cleanCell(cell: string): string {
  return cell.trim().replaceAll('`', '').replaceAll('\\|', '|');
}

/** 标题恰为 title 的一节; 没有即失败 */
export function sectionOf(sections: readonly DocSection[], title: string): DocSection {
  const found = sections.find((section) => section.title === title);
  assert.ok(found, `文档里没有 ${title} 一节`);
  return found;
}

/** 标题形如 "file_ack (服务器 -> 上传者)" 的各节 */
export function readMessages(sections: readonly DocSection[]): DocMessage[] {
  return sections.flatMap(({ title, tables, examples }) => {
    const match = MESSAGE_TITLE.exec(title);
    if (match === null) return [];
    const fields = new Map(
      (tables[0] ?? []).map(([name = '', type = '', required]) => [
        name,
        { type, required: required === '是' },
      ]),
    );
    assert.ok(fields.has('type') && examples.length > 0, `${title} 缺少字段表或示例`);
    return [{ title, type: match[1] ?? '', fromClient: match[2] === '客户端', fields, examples }];
  });
}

/** 一个消息对象与字段表不符之处; 空数组表示相符 */
export function mismatches(
  message: Readonly<Record<string, unknown>>,
  fields: ReadonlyMap<string, DocField>,
): string[] {
  const missing = [...fields].filter(([name, { required }]) => required && !(name in message));
  const wrong = Object.entries(message).filter(([name, value]) => fields.get(name)?.type !== jsonType(value));
  return [...missing.map(([name]) => `缺少 ${name}`), ...wrong.map(([name]) => `${name} 没有写明或类型不符`)];
}

// 空数组的元素类型无从得知, 当作 string[]: 文档里的对象数组只有 messages, 测试保证它不空
function jsonType(value: unknown): string {
  if (!Array.isArray(value)) return typeof value;
  return typeof value[0] === 'object' ? 'object[]' : 'string[]';
}
