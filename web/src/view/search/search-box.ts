// 搜索的输入框: 停下来才去搜, Enter 立即搜; 输入法还在选字时都不搜
import { MAX_QUERY_LENGTH } from '../../../../src/protocol/messages.js';
import { searchTexts } from '../../i18n/search.js';
import { onEnter } from '../composer/enter-key.js';
import { h, type ViewContext } from '../kit/dom.js';

// 打字之间的停顿不到这么久, 就还没有打完 (毫秒); 服务器按条限速, 不能一个字一问
const DEBOUNCE_MS = 250;

export function createSearchBox({ model, actions, ui, life }: ViewContext): HTMLInputElement {
  const box = h('input', {
    type: 'search',
    class: 'search-box',
    'aria-label': searchTexts().input,
    placeholder: searchTexts().input,
    autocomplete: 'off',
    enterkeyhint: 'search',
    spellcheck: 'false',
    maxlength: MAX_QUERY_LENGTH,
  });
  box.value = ui.searchQuery;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const search = (): void => {
    clearTimeout(timer);
    // 只动了空白的不必再搜
    if (box.value.trim() !== model.search.query || model.search.state.phase === 'failed') {
      actions.search(box.value);
    }
  };
  const typed = (delayMs: number): void => {
    ui.searchQuery = box.value;
    clearTimeout(timer);
    timer = setTimeout(search, delayMs);
  };
  const onInput = (event: Event): void => {
    if (event instanceof InputEvent && event.isComposing) return;
    // 清空立即生效
    typed(box.value === '' ? 0 : DEBOUNCE_MS);
  };
  box.addEventListener('input', onInput, { signal: life });
  // 选完字的那次 input 在有的浏览器里还算 composing
  box.addEventListener('compositionend', () => typed(DEBOUNCE_MS), { signal: life });
  onEnter({ life }, box, search);
  life.addEventListener('abort', () => clearTimeout(timer), { once: true });
  return box;
}
