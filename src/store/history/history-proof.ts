// 有过历史的凭据: 存储目录里的 history.json, 与 history/ 分开; 数据库或整个 history/ 没有了, 凭它认得出是丢了而不是新的
import { readFileSync } from 'node:fs';
import { explainDisk, isMissing } from '../disk-errors.js';
import { writeJson } from '../json-file.js';

export interface ProvenHistory {
  /** 历史的编号 */
  readonly epoch: string;
  /** 那时最后一条的序号; 每次启动与停机时记下, 所以只会偏小 */
  readonly seq: number;
  /** 建立的时刻 (ISO) */
  readonly since: string;
}

const UNKNOWN = '不知何时';

export class HistoryProof {
  readonly #file: string;
  #saved: ProvenHistory | undefined;

  private constructor(file: string, saved: ProvenHistory | undefined) {
    this.#file = file;
    this.#saved = saved;
  }

  /** 读出; 没有就是没有。错误: 读不出 (一行中文) */
  static load(file: string): HistoryProof {
    return new HistoryProof(file, readProof(file));
  }

  /** undefined: 这里还没有过历史 (或是没有凭据的旧目录) */
  get proven(): ProvenHistory | undefined {
    return this.#saved;
  }

  /** 记下此刻的历史; 没变就不写。错误: 写不进 (一行中文) */
  async save({ epoch, seq }: { readonly epoch: string; readonly seq: number }): Promise<void> {
    const before = this.#saved;
    if (before?.epoch === epoch && before.seq === seq && before.since !== UNKNOWN) return;
    const isDated = before !== undefined && before.since !== UNKNOWN;
    const proven = { epoch, seq, since: isDated ? before.since : new Date().toISOString() };
    await writeJson(this.#file, proven, true).catch((error: unknown) => {
      throw explainDisk(error, this.#file);
    });
    this.#saved = proven;
  }
}

/** 同上, 只读; 读不懂的也算凭据: 只有有过历史的目录才有这个文件 */
export function readProof(file: string): ProvenHistory | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw explainDisk(error, file);
  }
  return parse(text) ?? { epoch: '', seq: 0, since: UNKNOWN };
}

function parse(text: string): ProvenHistory | undefined {
  try {
    const { epoch, seq, since } = JSON.parse(text) as Partial<Record<keyof ProvenHistory, unknown>>;
    const isSound = typeof epoch === 'string' && Number.isSafeInteger(seq) && typeof since === 'string';
    return isSound ? { epoch, seq: Number(seq), since } : undefined;
  } catch {
    // 断电写坏的, 手改坏的
    return undefined;
  }
}
