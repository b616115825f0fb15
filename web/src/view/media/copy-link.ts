// 复制链接的按钮: 成败都写在按钮上, 两秒后复原
import { mediaTexts } from '../../i18n/media.js';
import { h, icon, iconButton } from '../dom.js';
import { ICONS } from '../icons.js';

const FEEDBACK_MS = 2000;

/** url 是绝对链接: 贴到别处也打得开 */
export function copyLinkButton(url: string, name: string, className = ''): HTMLButtonElement {
  const texts = mediaTexts();
  const label = texts.copyLink(name);
  const button = iconButton(ICONS.link, label, className);
  button.title = texts.copyLinkShort;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (path: string, accessibleName: string, title: string): void => {
    button.replaceChildren(icon(path));
    button.setAttribute('aria-label', accessibleName);
    button.title = title;
  };
  button.addEventListener('click', async () => {
    const copied = await copyText(url);
    const outcome = copied ? texts.copied : texts.copyFailed;
    show(copied ? ICONS.check : ICONS.alert, outcome, outcome);
    // 连点只留最后一个定时器
    clearTimeout(timer);
    timer = setTimeout(() => show(ICONS.link, label, texts.copyLinkShort), FEEDBACK_MS);
  });
  return button;
}

/** 返回是否复制成了; 不抛错 */
async function copyText(text: string): Promise<boolean> {
  if (window.isSecureContext && 'clipboard' in navigator) {
    const written = await navigator.clipboard.writeText(text).then(
      () => true,
      // 页面没有焦点或没有授权: 退回老办法
      () => false,
    );
    if (written) return true;
  }
  return copyBySelection(text);
}

// 局域网的 http 页面没有剪贴板接口, 只能选中再 execCommand
function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = h('textarea', { class: 'sr-only', readonly: true, 'aria-hidden': 'true', tabindex: -1 });
  area.value = text;
  // 模态对话框之外的元素是 inert, 选不中, 所以放进对话框里
  (focused?.closest('dialog') ?? document.body).append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return copied;
}
