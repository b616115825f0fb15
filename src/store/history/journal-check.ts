// 上个进程留下的预写文件可信到哪里: seq 须逐条接上; 读不懂的一行, 它之后若还接得上, 就没有丢东西
import type { JournalRecord } from './journal.js';

export interface JournalDamage {
  /** 读不懂的行 */
  readonly badLines: number;
  /** 读得懂而接不上, 没有收下的 */
  readonly dropped: number;
  /** 丢了尾巴: 播出去的有的不在了, 它们的 seq 会再用一次 */
  readonly isTailLost: boolean;
}

export class JournalCheck {
  /** 有坏处的段: 留着原件 */
  readonly segments = new Set<number>();
  #lastSeq: number;
  #badLines = 0;
  #dropped = 0;
  /** 最近一条接得上的之后, 又有读不懂的 */
  #unproven = false;
  #gap = false;
  /** 空的数据库收下的第一条不是 1, 而之前有读不懂的 */
  #headLost = false;

  /** lastSeq: 数据库里的最后一条; 0 则从哪一条开始都行 */
  constructor(lastSeq: number) {
    this.#lastSeq = lastSeq;
  }

  get damage(): JournalDamage | undefined {
    if (this.segments.size === 0) return undefined;
    const isTailLost = this.#gap || this.#unproven || this.#headLost;
    return { badLines: this.#badLines, dropped: this.#dropped, isTailLost };
  }

  /** 一行 (读不懂的是 undefined); 返回收不收下 */
  accept(record: JournalRecord | undefined, segment: number): boolean {
    if (record === undefined) {
      this.#badLines += 1;
      this.#unproven = true;
      this.segments.add(segment);
      return false;
    }
    const { seq } = record.entry;
    this.#gap ||= this.#lastSeq > 0 && seq > this.#lastSeq + 1;
    if (this.#gap) {
      this.#dropped += 1;
      this.segments.add(segment);
      return false;
    }
    this.#headLost ||= this.#unproven && this.#lastSeq === 0 && seq > 1;
    this.#unproven = false;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    return true;
  }
}

/** 读不懂的是 undefined */
export function parseLine(line: string): JournalRecord | undefined {
  try {
    const record = JSON.parse(line) as { entry?: { seq?: unknown } } | null;
    return Number.isSafeInteger(record?.entry?.seq) ? (record as JournalRecord) : undefined;
  } catch {
    // 不是 JSON
    return undefined;
  }
}

/** 没有换行的最后一截: 写到一半被杀的, 没有播出去; 含 NUL 的是断电留下的空洞, 播过的可能在里面 */
export function isHole(rest: Uint8Array): boolean {
  return rest.includes(0);
}
