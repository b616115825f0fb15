// 滚动的位置: 跟着底部, 或停在读者看的地方; 内容怎么变, 眼前的那一行都不动
//   following --向上滚, 回到重建之前的位置--> held --回到底部, 点按钮, 自己发言--> following

// 离底部这么近 (像素) 就算在底部
const BOTTOM_SLACK = 24;

export interface Anchor {
  readonly element: Element;
  /** 元素上边到可见区上边的距离, 像素 */
  readonly offset: number;
}

export class ScrollKeeper {
  readonly #scroller: HTMLElement;
  readonly #list: HTMLElement;
  #following = true;
  #anchor: Anchor | undefined;
  #lastTop = 0;
  // 上次记下的内容高度与可见高度: 变了说明这次滚动是排版引起的
  #lastHeights = '';

  constructor(scroller: HTMLElement, list: HTMLElement) {
    this.#scroller = scroller;
    this.#list = list;
  }

  get following(): boolean {
    return this.#following;
  }

  /** 到可见区上边与下边还有多少像素的内容 */
  get edges(): { readonly above: number; readonly below: number } {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return { above: scrollTop, below: scrollHeight - scrollTop - clientHeight };
  }

  get viewHeight(): number {
    return this.#scroller.clientHeight;
  }

  /** 没有跟随底部时, 可见的第一行 */
  get anchor(): Anchor | undefined {
    return this.#anchor;
  }

  /** 停在这一行; 下一次 restore 时到位 */
  hold(anchor: Anchor): void {
    this.#following = false;
    this.#anchor = anchor;
  }

  follow(): void {
    this.#following = true;
    this.#anchor = undefined;
  }

  /** 有向上的意图就松开: 平滑滚动的第一步只有几个像素, 等它走远会被拉回底部 */
  release(): void {
    const { scrollHeight, clientHeight } = this.#scroller;
    if (scrollHeight - clientHeight > BOTTOM_SLACK) this.#following = false;
  }

  /** atEnd: 窗口包含最新的一条; 不包含时滚到底也不算跟随 */
  scrolled(atEnd: boolean): void {
    // 输入框长高变矮也会挪动 scrollTop, 那不是读者的意思
    if (this.#following && this.#heights() !== this.#lastHeights) {
      this.restore();
      return;
    }
    const { above, below } = this.edges;
    // 内容变矮也会减小 scrollTop, 但那时仍贴着底
    if (above < this.#lastTop - 1 && below > 2) this.#following = false;
    else if (above > this.#lastTop && below <= BOTTOM_SLACK && atEnd) this.#following = true;
    this.#lastTop = above;
    this.#remember();
  }

  /** 写完页面之后调用一次: 这里是每帧唯一一次强制排版 */
  restore(): void {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    else this.#restoreAnchor();
    this.#lastTop = this.#scroller.scrollTop;
    this.#lastHeights = this.#heights();
    this.#remember();
  }

  #heights(): string {
    return `${this.#scroller.scrollHeight} ${this.#scroller.clientHeight}`;
  }

  #restoreAnchor(): void {
    if (this.#anchor === undefined || !this.#anchor.element.isConnected) return;
    const drift = this.#offsetOf(this.#anchor.element) - this.#anchor.offset;
    if (Math.abs(drift) >= 0.5) this.#scroller.scrollTop += drift;
  }

  #remember(): void {
    const element = this.#following ? undefined : this.#firstVisible();
    this.#anchor = element === undefined ? undefined : { element, offset: this.#offsetOf(element) };
  }

  // 行从上到下排列, 二分: 三百行只量八九次
  #firstVisible(): Element | undefined {
    const rows = this.#list.children;
    const top = this.#scroller.getBoundingClientRect().top;
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > top) high = middle;
      else low = middle + 1;
    }
    return rows[low];
  }

  #offsetOf(element: Element): number {
    return element.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
  }
}
