// 读者看着的地方, 用模型里的键说: 界面重建之后元素都换了, 键还在
import type { LogPlace } from '../kit/ui-state.js';
import type { RowList } from './row-list.js';
import type { Anchor } from './scroll-keeper.js';

/** 须在元素还在页面里时调用 */
export function placeOf(rows: RowList, { element, offset }: Anchor): LogPlace | undefined {
  const top = element.getBoundingClientRect().top;
  for (let next: Element | null = element; next !== null; next = next.nextElementSibling) {
    const row = rows.rowOf(next);
    // 日期与未读的分隔不是模型里的一条: 用它下面的那条
    if (row === undefined || row.kind === 'day' || row.kind === 'unread') continue;
    return { key: row.key, offset: offset + next.getBoundingClientRect().top - top };
  }
  return undefined;
}
