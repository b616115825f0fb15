// 按键对账: 留下的元素不动, 只删去多的, 插入新的
import { type LogRow, sameRow } from './rows.js';

/** 一行的页面; 同一个键的行变了就 update, 元素保持同一个 */
export interface RowView {
  readonly element: HTMLElement;
  /** 返回 false: 种类变了, 要重新造一个 */
  update(row: LogRow): boolean;
}

interface Shown {
  readonly view: RowView;
  row: LogRow;
}

export class RowList {
  readonly #container: HTMLElement;
  readonly #create: (row: LogRow) => RowView;
  #shown = new Map<string, Shown>();
  // 指针落在哪一行上时用来查
  readonly #rows = new WeakMap<Element, Shown>();

  constructor(container: HTMLElement, create: (row: LogRow) => RowView) {
    this.#container = container;
    this.#create = create;
  }

  rowOf(element: Element): LogRow | undefined {
    return this.#rows.get(element)?.row;
  }

  /** 没有画出来时为 undefined */
  elementOf(key: string): HTMLElement | undefined {
    return this.#shown.get(key)?.view.element;
  }

  /** 返回新插入的行数; 只写不读, 不引起排版 */
  render(rows: readonly LogRow[]): number {
    const next = new Map<string, Shown>();
    let inserted = 0;
    for (const row of rows) {
      const kept = this.#updated(row);
      if (kept === undefined) inserted += 1;
      next.set(row.key, kept ?? this.#created(row));
    }
    for (const [key, { view }] of this.#shown) if (next.get(key)?.view !== view) view.element.remove();
    this.#place(next.values());
    this.#shown = next;
    return inserted;
  }

  #updated(row: LogRow): Shown | undefined {
    const shown = this.#shown.get(row.key);
    if (shown === undefined) return undefined;
    if (!sameRow(shown.row, row) && !shown.view.update(row)) return undefined;
    shown.row = row;
    return shown;
  }

  #created(row: LogRow): Shown {
    const shown = { view: this.#create(row), row };
    this.#rows.set(shown.view.element, shown);
    return shown;
  }

  // 多的已经删去, 所以次序没变的元素一个也不会移动
  #place(shown: Iterable<Shown>): void {
    let cursor = this.#container.firstChild;
    for (const { view } of shown) {
      if (view.element === cursor) cursor = cursor.nextSibling;
      else this.#container.insertBefore(view.element, cursor);
    }
  }
}
