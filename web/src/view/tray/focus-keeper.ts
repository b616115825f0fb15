// 重画之后键盘的焦点: 有焦点的按钮自己消失了, 就落到旁边的一行, 标题行, 最后是输入框
import type { TrayRow } from './row.js';

type Rows = ReadonlyMap<string, TrayRow>;

/** 焦点原来在哪一行, 以及那时各行的次序 */
interface Place {
  readonly focused: HTMLElement;
  readonly rowId: string | undefined;
  readonly order: readonly string[];
}

/** 重画之前记下; 焦点不在传输列表里时为 undefined */
export function rememberFocus(section: HTMLElement, rows: Rows): Place | undefined {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || !section.contains(focused)) return undefined;
  const rowId = [...rows].find(([, { element }]) => element.contains(focused))?.[0];
  return { focused, rowId, order: [...rows.keys()] };
}

/** 重画之后: 焦点丢了才挪 */
export function restoreFocus(place: Place | undefined, rows: Rows, toggle: HTMLElement): void {
  if (place === undefined) return;
  const { focused } = place;
  // 行内换了按钮 (暂停变继续) 的, 已由那一行接住
  const now = document.activeElement;
  if (now !== null && now !== focused && now !== document.body) return;
  const target = [focused, ...rowButtons(place, rows), toggle].find(isUsable);
  if (target === now) return;
  if (target !== undefined) target.focus({ preventScroll: target === focused });
  // 触屏上聚焦输入框会弹出键盘
  else if (!matchMedia('(hover: none)').matches) {
    document.querySelector<HTMLElement>('.composer-text')?.focus({ preventScroll: true });
  }
}

// 先往后找, 再往前找; 每一行的第一个按钮
function rowButtons({ rowId, order }: Place, rows: Rows): HTMLElement[] {
  const index = rowId === undefined ? -1 : order.indexOf(rowId);
  const nearby = [...order.slice(index + 1), ...order.slice(0, Math.max(0, index)).reverse()];
  return nearby
    .map((id) => rows.get(id)?.element.querySelector('button'))
    .filter((button) => button instanceof HTMLElement);
}

function isUsable(element: HTMLElement): boolean {
  // 藏起的元素要到下一帧才失去焦点, 这里就当作已经失去
  return element.isConnected && element.closest('[hidden]') === null;
}
