// 文件面板的内容: 聊天里见过的与向服务器要来的文件, 新的在前
import type { FileBroadcast } from '../../../src/protocol/messages.js';
import { Emitter } from './signal.js';

// 内存的上限; 更早的文件仍可以在聊天记录里找到
const MAX_FILES = 5000;

export class FileIndex {
  readonly changed = new Emitter<void>();
  readonly #ids = new Set<string>();
  // 按时间从旧到新
  #files: FileBroadcast[] = [];
  #more = true;
  #oldestSeq: number | undefined;
  // 服务器说的总数, 与那时见过的最新一个的 seq: 比它新的是后来的
  #total: number | undefined;
  #newestSeq = -1;
  #countedSeq = -1;

  /** 新的在前 */
  get files(): readonly FileBroadcast[] {
    return this.#files.toReversed();
  }

  /** 服务器那里可能还有更早的 */
  get more(): boolean {
    return this.#more && this.#files.length < MAX_FILES;
  }

  setMore(value: boolean): void {
    this.#more = value;
    this.changed.emit();
  }

  /** 取下一页的起点: 见过的最早一个的 seq; 聊天记录是连续的, 所以它之后的都见过 */
  get oldestSeq(): number | undefined {
    return this.#oldestSeq;
  }

  /** 一共几个, 没有取来的也算; 服务器还没有说则 undefined */
  get total(): number | undefined {
    return this.#total;
  }

  /** 服务器此刻说的总数; 之后新来的自己加 */
  counted(total: number): void {
    this.#total = total;
    this.#countedSeq = this.#newestSeq;
    this.changed.emit();
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** 见过的不再连到最新 (换了 epoch, 或错过太多): 从最新的重新取 */
  restart(): void {
    this.#oldestSeq = undefined;
    this.#total = undefined;
    this.#newestSeq = -1;
    this.#countedSeq = -1;
    this.setMore(true);
  }

  /** 接着已有的: 两者之间没有别的文件 */
  add(files: readonly FileBroadcast[]): void {
    for (const { seq } of files) this.#oldestSeq = Math.min(this.#oldestSeq ?? seq, seq);
    this.addApart(files);
  }

  #count(fresh: readonly FileBroadcast[]): void {
    if (this.#total !== undefined) this.#total += fresh.filter(({ seq }) => seq > this.#countedSeq).length;
    for (const { seq } of fresh) this.#newestSeq = Math.max(this.#newestSeq, seq);
  }

  /** 单独看到的 (搜索, 跳到很早的一段): 列出来, 但翻页仍从连着最新的那一头算 */
  addApart(files: readonly FileBroadcast[]): void {
    const fresh = files.filter((file) => !this.#ids.has(file.id));
    if (fresh.length === 0) return;
    for (const file of fresh) this.#ids.add(file.id);
    this.#count(fresh);
    this.#files.push(...fresh);
    this.#files.sort((a, b) => a.time - b.time);
    for (const dropped of this.#files.splice(0, Math.max(0, this.#files.length - MAX_FILES))) {
      this.#ids.delete(dropped.id);
    }
    this.changed.emit();
  }
}
