// 搜索聊天记录: 搜的词, 找到的 (新的在前), 与正在去哪一条
import type { ErrorCode } from '../../../src/protocol/errors.js';
import { Emitter, Signal } from './signal.js';
import type { RoomMessage } from './timeline.js';

/**
 *   idle --搜--> searching --> found --要更早的--> paging --> found
 *                        \--> failed (可以再试)        \--> failed
 */
export type SearchState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'searching' }
  | { readonly phase: 'paging' }
  | { readonly phase: 'found'; readonly more: boolean }
  /** offline 与 timeout 是网页自己发现的; 重连之后自己再搜 */
  | { readonly phase: 'failed'; readonly code: ErrorCode | 'offline' | 'timeout'; readonly message: string };

/** 去某一条的途中; gone: 已过保留期 */
export interface Going {
  readonly seq: number;
  readonly state: 'loading' | 'arrived' | 'gone' | 'failed';
}

/** 至多留这么多条结果; 再早的请换更准的词 */
export const MAX_FOUND = 1000;

export class Search {
  readonly changed = new Emitter<void>();
  readonly going = new Signal<Going | undefined>(undefined);
  #query = '';
  #found: readonly RoomMessage[] = [];
  #state: SearchState = { phase: 'idle' };

  /** 结果所属的词, 去掉了首尾空白 */
  get query(): string {
    return this.#query;
  }

  get found(): readonly RoomMessage[] {
    return this.#found;
  }

  get state(): SearchState {
    return this.#state;
  }

  /** 换了词: 旧的结果不再算数 */
  begin(query: string): void {
    this.#query = query;
    this.#found = [];
    this.going.set(undefined);
    this.become(query === '' ? { phase: 'idle' } : { phase: 'searching' });
  }

  become(state: SearchState): void {
    this.#state = state;
    this.changed.emit();
  }

  /** 一页 (新的在前), 接在已有的后面 */
  add(messages: readonly RoomMessage[], more: boolean): void {
    this.#found = [...this.#found, ...messages].slice(0, MAX_FOUND);
    this.become({ phase: 'found', more: more && this.#found.length < MAX_FOUND });
  }
}
