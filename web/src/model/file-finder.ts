// 文件面板的查找: 条件, 服务器找到的 (新的在前) 与一共几个
import type { ErrorCode } from '../../../src/protocol/errors.js';
import { type FileGroup, kindOf } from '../../../src/protocol/file-kind.js';
import type { FileBroadcast } from '../../../src/protocol/messages.js';
import { criteriaOf, matches, type SearchCriteria } from '../../../src/protocol/search-query.js';
import { Emitter } from './signal.js';

/**
 *   off --有了条件--> asking --> found --要更早的--> paging --> found
 *                        \--> failed (可以再试)       \--> failed
 *   条件去掉了回到 off: 那时看的是 FileIndex
 */
export type FinderState =
  | { readonly phase: 'off' }
  | { readonly phase: 'asking' }
  | { readonly phase: 'paging' }
  | { readonly phase: 'found'; readonly more: boolean }
  | { readonly phase: 'failed'; readonly code: ErrorCode | 'offline' | 'timeout'; readonly message: string };

export interface FileFilter {
  /** 去掉了首尾空白 */
  readonly query: string;
  /** 没有则各类都要 */
  readonly group?: FileGroup;
}

/** 至多留这么多个; 再早的请加条件 */
export const MAX_FOUND_FILES = 5000;
// 等应答时播出的至多留这么多个: 多半已在应答里
const MAX_LATE = 200;

export class FileFinder {
  readonly changed = new Emitter<void>();
  #filter: FileFilter = { query: '' };
  #criteria: SearchCriteria | undefined;
  #found: readonly FileBroadcast[] = [];
  #total = 0;
  /** 等应答时播出的 */
  #late: FileBroadcast[] = [];
  #state: FinderState = { phase: 'off' };

  get filter(): FileFilter {
    return this.#filter;
  }

  get found(): readonly FileBroadcast[] {
    return this.#found;
  }

  /** 服务器说的, 连同此后来的 */
  get total(): number {
    return this.#total;
  }

  get state(): FinderState {
    return this.#state;
  }

  /** 换了条件: 旧的结果不再算数 */
  begin(filter: FileFilter): void {
    this.#filter = filter;
    const isOff = filter.query === '' && filter.group === undefined;
    const { query, group } = filter;
    this.#criteria = isOff ? undefined : criteriaOf(query, { kind: 'file', ...(group && { group }) });
    this.#found = [];
    this.#total = 0;
    this.#late = [];
    this.become(isOff ? { phase: 'off' } : { phase: 'asking' });
  }

  become(state: FinderState): void {
    this.#state = state;
    this.changed.emit();
  }

  /** 一页 (新的在前), 接在已有的后面 */
  add(files: readonly FileBroadcast[], { total, more }: { total: number; more: boolean }): void {
    const known = new Set(this.#found.map(({ id }) => id));
    this.#found = [...this.#found, ...files.filter(({ id }) => !known.has(id))].slice(0, MAX_FOUND_FILES);
    this.#total = Math.max(total, this.#found.length);
    for (const file of this.#late.splice(0)) this.#insert(file);
    this.become({ phase: 'found', more: more && this.#found.length < MAX_FOUND_FILES });
  }

  /** 刚播出的: 合条件的排到最前, 不必再问 */
  arrived(file: FileBroadcast): void {
    if (this.#criteria === undefined) return;
    if (this.#state.phase === 'asking') this.#late = [...this.#late, file].slice(-MAX_LATE);
    else if (this.#insert(file)) this.changed.emit();
  }

  // 已经在里面的, 与不合条件的不要
  #insert(file: FileBroadcast): boolean {
    if (this.#criteria === undefined) return false;
    const { originalName, name, time, mimeType, seq } = file;
    const kind = kindOf(mimeType, originalName);
    const isOld = (this.#found[0]?.seq ?? -1) >= seq;
    if (isOld || !matches(this.#criteria, { body: originalName, name, time, kind })) return false;
    this.#found = [file, ...this.#found].slice(0, MAX_FOUND_FILES);
    this.#total += 1;
    return true;
  }
}
