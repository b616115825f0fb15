// 后台校验 (scrub) 记住的: 哪些文件坏了, 查到哪里, 上一遍何时查完; 存在存储目录的 scrub.json, 重启之后接着用
import type { Stats } from 'node:fs';
import { readJson, writeJson } from './json-file.js';

/** 查出坏了的一份内容, 与那时的样子; 样子变了就得再查 (多半是有人放回了好的) */
export interface DamageMark {
  readonly inode: number;
  readonly size: number;
  readonly mtimeMs: number;
  /** files/ 里的名字; 同一份内容的别的名字凭 inode 认出 */
  readonly name: string;
  /** Unix 毫秒 */
  readonly foundAt: number;
}

export interface ScrubRecord {
  /** 这一遍查过的最后一个文件的 id; '' 是从头 */
  readonly after: string;
  /** 上一遍查完的时刻, Unix 毫秒; 0 是从没有 */
  readonly finishedAt: number;
  readonly damaged: readonly DamageMark[];
}

export interface ScrubLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const EMPTY: ScrubRecord = { after: '', finishedAt: 0, damaged: [] };
// 坏到这么多份时磁盘已经没有了; 再多的不记 (仍查得出, 重启之后忘掉)
const MAX_MARKS = 16_384;

export class ScrubState {
  readonly #file: string;
  readonly #log: ScrubLog;
  /** 键是 inode */
  readonly #marks: Map<number, DamageMark>;
  #after: string;
  #finishedAt: number;
  #saving: Promise<void> = Promise.resolve();

  private constructor(file: string, log: ScrubLog, { after, finishedAt, damaged }: ScrubRecord) {
    this.#file = file;
    this.#log = log;
    this.#after = after;
    this.#finishedAt = finishedAt;
    this.#marks = new Map(damaged.map((mark) => [mark.inode, mark]));
  }

  /** 没有, 读不懂的当作从头。错误: 系统错误 */
  static async load(file: string, log: ScrubLog): Promise<ScrubState> {
    return new ScrubState(file, log, await readScrubRecord(file));
  }

  get after(): string {
    return this.#after;
  }

  get finishedAt(): number {
    return this.#finishedAt;
  }

  get marks(): readonly DamageMark[] {
    return [...this.#marks.values()];
  }

  /** 平时是 0: 下载据此什么也不必多做 */
  get damagedCount(): number {
    return this.#marks.size;
  }

  /** changed: 标过, 而此刻的样子与那时不同 */
  verdict({ ino, size, mtimeMs }: Stats): 'unmarked' | 'damaged' | 'changed' {
    const mark = this.#marks.get(ino);
    if (mark === undefined) return 'unmarked';
    return mark.size === size && mark.mtimeMs === mtimeMs ? 'damaged' : 'changed';
  }

  /** 标为坏的; 返回是不是头一次。副作用: 存下来 */
  mark({ ino: inode, size, mtimeMs }: Stats, name: string): boolean {
    const isNew = !this.#marks.has(inode);
    if (isNew && this.#marks.size >= MAX_MARKS) return false;
    this.#marks.set(inode, { inode, size, mtimeMs, name, foundAt: Date.now() });
    this.save();
    return isNew;
  }

  /** 那个名字没有了, 同一份内容还有这一个。副作用: 存下来 */
  rename(inode: number, name: string): void {
    const mark = this.#marks.get(inode);
    if (mark === undefined) return;
    this.#marks.set(inode, { ...mark, name });
    this.save();
  }

  /** 又完好了, 或没有了 */
  forget(inode: number): void {
    if (this.#marks.delete(inode)) this.save();
  }

  passed(fileId: string): void {
    this.#after = fileId;
  }

  finished(atMs: number): void {
    this.#after = '';
    this.#finishedAt = atMs;
    this.save();
  }

  /** 依次写; 写不进 (磁盘满, 只读) 只是下次多查一点 */
  save(): void {
    this.#saving = this.#saving.then(() => this.#write());
  }

  /** 等写完 */
  async stop(): Promise<void> {
    this.save();
    await this.#saving;
  }

  async #write(): Promise<void> {
    const damaged = [...this.#marks.values()];
    const record: ScrubRecord = { after: this.#after, finishedAt: this.#finishedAt, damaged };
    // 还没有查过: 不必留下文件
    if (damaged.length === 0 && record.after === '' && record.finishedAt === 0) return;
    await writeJson(this.#file, record).catch((error: unknown) =>
      this.#log.warn({ err: error }, '记不下后台校验查到哪里'),
    );
  }
}

/** 没有, 或读不懂则是空的。错误: 系统错误 */
export async function readScrubRecord(file: string): Promise<ScrubRecord> {
  const found = await readJson<Partial<ScrubRecord>>(file);
  if (typeof found !== 'object' || found === null) return EMPTY;
  const { after, finishedAt, damaged } = found;
  return {
    after: typeof after === 'string' ? after : '',
    finishedAt: typeof finishedAt === 'number' ? finishedAt : 0,
    damaged: Array.isArray(damaged) ? damaged.filter(isMark) : [],
  };
}

function isMark(value: Partial<DamageMark> | null): value is DamageMark {
  if (typeof value !== 'object' || value === null) return false;
  const numbers = [value.inode, value.size, value.mtimeMs, value.foundAt];
  return typeof value.name === 'string' && numbers.every((one) => typeof one === 'number');
}
