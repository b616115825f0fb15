// 复制文字; 局域网里的 http 页面没有 navigator.clipboard, 退回旧办法
import { h } from './dom.js';

/** 返回是否复制成了; 不抛错。须在用户操作里调用 */
export async function copyText(text: string): Promise<boolean> {
  if (window.isSecureContext && 'clipboard' in navigator) {
    const written = await navigator.clipboard.writeText(text).then(
      () => true,
      // 页面没有焦点或没有授权: 退回旧办法
      () => false,
    );
    if (written) return true;
  }
  return copyBySelection(text);
}

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
