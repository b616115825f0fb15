// 刷新不丢: 草稿与没有应答的文字随标签页保存, 打开时放回

import type { Model } from '../model/model.js';
import type { Outgoing } from '../model/outbox.js';
import type { KeyValue } from '../model/preferences.js';

const DRAFT = 'draft';
const OUTBOX = 'outbox';
// 保存的上限 (字符): 标签页的存储通常只有 5 MB, 再多的留在内存里
const MAX_SAVED = 500_000;

interface SavedOutbox {
  readonly name: string;
  readonly items: readonly Pick<Outgoing, 'clientId' | 'message' | 'time'>[];
}

export function savedDraft(tab: KeyValue): string {
  return tab.get(DRAFT) ?? '';
}

/** name 上次没有应答的文字放回发件箱, 进入之后自动重发; 别人 (退出后换了名字) 写的不放 */
export function restoreOutbox(model: Model, tab: KeyValue, name: string | undefined): void {
  const saved = parse(tab.get(OUTBOX));
  tab.remove(OUTBOX);
  if (saved === undefined || saved.name !== name) return;
  for (const { clientId, message, time } of saved.items) model.outbox.add(clientId, message, time);
}

/** 页面要隐藏或离开时才写: 打字与发送的路上没有存储 */
export function saveForReload(model: Model, tab: KeyValue): void {
  tab.set(DRAFT, model.draft.get().slice(0, MAX_SAVED));
  const saved: SavedOutbox = { name: model.identity.get()?.name ?? '', items: model.outbox.items };
  const text = JSON.stringify(saved);
  if (text.length <= MAX_SAVED) tab.set(OUTBOX, text);
}

function parse(text: string | undefined): SavedOutbox | undefined {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<SavedOutbox> | null;
    if (typeof value?.name !== 'string' || !Array.isArray(value.items)) return undefined;
    return { name: value.name, items: value.items };
  } catch {
    // 写了一半或别的版本写的, 当作没有
    return undefined;
  }
}
