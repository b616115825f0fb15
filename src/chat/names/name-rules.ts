// 什么名字进得来: 写法 (protocol/user-name.ts) 之外, 还不能混用形近的文字, 不能是保留的名字
import { AppError } from '../../protocol/errors.js';
import { cleanUserName } from '../../protocol/user-name.js';
import { mixesScripts } from './scripts.js';
import { nameKeys } from './skeleton.js';

// 堆叠的附加符号 (TS 39 第 5.4 节): 同一个连写两次看不出来, 超过四个盖住上下的行
const STACKED = /(\p{Mn})\1|\p{Mn}{5}/u;
// 保留的名字加上括号, 标点, 表情仍是它: [系统], @all
const DECORATION = /[^\p{L}\p{M}\p{N}]+/gu;

export class NameRules {
  readonly #reserved: ReadonlySet<string>;

  /** reserved: 谁也不能用的名字 (chat.reservedNames) */
  constructor(reserved: readonly string[]) {
    this.#reserved = new Set(reserved.map(bare).filter(isWord).flatMap(nameKeys));
  }

  /** 清理后的名字。错误: name_invalid, name_taken (保留的, facts 里 reserved 为 1) */
  admit(raw: string): string {
    const name = cleanUserName(raw);
    if (mixesScripts(name)) throw new AppError('name_invalid', { detail: '一个词里混用了形近的文字' });
    if (STACKED.test(name.normalize('NFD'))) throw new AppError('name_invalid', { detail: '附加符号太多' });
    if (nameKeys(bare(name)).some((key) => this.#reserved.has(key))) {
      throw new AppError('name_taken', { detail: '这是保留的名字', facts: { name, reserved: 1 } });
    }
    return name;
  }
}

// 只有标点的: 没有字可比
function isWord(name: string): boolean {
  return name !== '';
}

function bare(name: string): string {
  return name.normalize('NFKC').replace(DECORATION, '');
}
