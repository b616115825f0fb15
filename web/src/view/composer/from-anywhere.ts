// 不必先点输入框: 在聊天界面的任何地方粘贴文件就发送, 看着记录时打字就进输入框
import { composerTexts } from '../../i18n/composer.js';
import type { ViewContext } from '../kit/dom.js';
import { pastedFiles } from './pasted-files.js';

// 焦点在这些里面时, 字符是给它们的 (按钮与播放器有自己的快捷键)
const TAKES_KEYS =
  'input, textarea, select, button, a[href], audio, video, summary, dialog, [contenteditable], [role="menu"]';
const OTHER_TEXT = 'input, textarea, [contenteditable]';

export function startFromAnywhere(context: ViewContext, field: HTMLTextAreaElement): void {
  startPasting(context, field);
  startTyping(context, field);
}

function startPasting({ actions, life }: ViewContext, field: HTMLTextAreaElement): void {
  const onPaste = (event: ClipboardEvent): void => {
    if (event.clipboardData === null || event.defaultPrevented) return;
    // 搜索框里的粘贴归搜索框
    if (event.target !== field && isInside(event.target, OTHER_TEXT)) return;
    const picked = pastedFiles(event.clipboardData, composerTexts().screenshot, new Date());
    if (picked.length === 0) return;
    event.preventDefault();
    // 各项都不会拒绝 (file-handle.ts)
    void Promise.all(picked).then((files) => actions.sendFiles(files));
  };
  window.addEventListener('paste', onPaste, { signal: life });
}

function startTyping({ life }: ViewContext, field: HTMLTextAreaElement): void {
  const onKeydown = (event: KeyboardEvent): void => {
    if (!isTyping(event) || isInside(event.target, TAKES_KEYS)) return;
    // 只换焦点: 这一下按键的字符随后由浏览器打进输入框
    field.focus({ preventScroll: true });
  };
  window.addEventListener('keydown', onKeydown, { signal: life });
}

// 空格不算: 在记录里它是翻页
function isTyping({ key, ctrlKey, metaKey, altKey, isComposing, defaultPrevented }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey || isComposing || defaultPrevented) return false;
  // 功能键的名字 (Enter, F5) 都不止一个码点
  return key !== ' ' && [...key].length === 1;
}

function isInside(target: EventTarget | null, selector: string): boolean {
  return target instanceof Element && target.closest(selector) !== null;
}
