// Enter 发送, 但输入法选字时的 Enter 永远不发
import type { ViewContext } from '../kit/dom.js';

// 输入法正在处理的按键, 各浏览器都报这个 keyCode
const IME_KEY_CODE = 229;
// Safari 先发 compositionend 再发那个 Enter 的 keydown, 两者出自同一次按键, 相隔不到一毫秒
const SAME_PRESS_MS = 1;

/** Shift+Enter 不管, 由浏览器换行 */
export function onEnter({ life }: Pick<ViewContext, 'life'>, field: HTMLElement, send: () => void): void {
  let composedAt = Number.NEGATIVE_INFINITY;
  const onCompositionEnd = (event: CompositionEvent): void => {
    composedAt = event.timeStamp;
  };
  const onKeydown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.altKey) return;
    // 选字的 Enter 既不发送也不换行
    event.preventDefault();
    const composing = event.isComposing || event.keyCode === IME_KEY_CODE;
    if (composing || event.timeStamp - composedAt < SAME_PRESS_MS) return;
    send();
  };
  field.addEventListener('compositionend', onCompositionEnd, { signal: life });
  field.addEventListener('keydown', onKeydown, { signal: life });
}
