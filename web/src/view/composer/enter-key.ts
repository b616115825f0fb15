// Enter 发送, 但输入法选字时的 Enter 永远不发
import type { ViewContext } from '../dom.js';

// 输入法正在处理的按键, 各浏览器都报这个 keyCode
const IME_KEY_CODE = 229;

/** Shift+Enter 不管, 由浏览器换行 */
export function onEnter(
  { life }: Pick<ViewContext, 'life'>,
  field: HTMLTextAreaElement,
  send: () => void,
): void {
  // Safari 先发 compositionend 再发那个 Enter 的 keydown, 两者在同一个任务里
  let justComposed = false;
  const onCompositionEnd = (): void => {
    justComposed = true;
    setTimeout(() => {
      justComposed = false;
    }, 0);
  };
  const onKeydown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.altKey) return;
    if (event.isComposing || event.keyCode === IME_KEY_CODE || justComposed) return;
    event.preventDefault();
    send();
  };
  field.addEventListener('compositionend', onCompositionEnd, { signal: life });
  field.addEventListener('keydown', onKeydown, { signal: life });
}
