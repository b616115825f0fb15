// 复制文字; 局域网里的 http 页面没有 navigator.clipboard, 退回旧办法
import type { Model } from '../model/model.js';

/** 结果用一闪而过的提示说明 */
export async function copyText(
  model: Model,
  text: string,
  texts: { readonly copied: string; readonly copyFailed: string },
): Promise<void> {
  const copied = (await writeClipboard(text)) || copyBySelection(text);
  if (copied) model.toasts.emit({ kind: 'info', text: texts.copied });
  else model.toasts.emit({ kind: 'error', text: texts.copyFailed });
}

async function writeClipboard(text: string): Promise<boolean> {
  // 不安全的来源上 clipboard 是 undefined, 类型里没有写
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) return false;
  return clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}

function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.className = 'sr-only';
  field.value = text;
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
