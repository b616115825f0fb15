// 读者滚动的动作: 滚轮, 键盘, 触摸; 只分辨意图, 位置由 scroll-keeper.ts 管
import type { ViewContext } from '../kit/dom.js';

export interface ScrollIntents {
  /** 想往上看 */
  readonly released: () => void;
  readonly scrolled: () => void;
  readonly toEnd: () => void;
  readonly toStart: () => void;
}

const UPWARD_KEYS = new Set(['ArrowUp', 'PageUp']);

export function startScrolling({ life }: ViewContext, scroller: HTMLElement, intents: ScrollIntents): void {
  const passive = { passive: true, signal: life };
  scroller.addEventListener('scroll', intents.scrolled, passive);
  const onWheel = (event: WheelEvent): void => {
    if (event.deltaY < 0 && !event.ctrlKey) intents.released();
  };
  scroller.addEventListener('wheel', onWheel, passive);
  const onKey = (event: KeyboardEvent): void => {
    // 焦点在代码块里时, 按键归它
    if (event.target !== scroller || event.ctrlKey || event.metaKey || event.altKey) return;
    if (UPWARD_KEYS.has(event.key) || (event.key === ' ' && event.shiftKey)) intents.released();
    const jump = event.key === 'End' ? intents.toEnd : event.key === 'Home' ? intents.toStart : undefined;
    if (jump === undefined) return;
    // 浏览器的 Home 与 End 只到窗口的边上, 不是记录的两头
    event.preventDefault();
    jump();
  };
  scroller.addEventListener('keydown', onKey, { signal: life });
}
