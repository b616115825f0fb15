// 剪贴板里的文件; 截图没有像样的名字, 按时间起一个
import type { PickedFile } from '../../model/actions.js';
import { handleOf } from '../dropped/file-handle.js';

// 浏览器给剪贴板图片的固定名字
const NAMELESS = /^image\.(?:png|jpe?g|gif|webp|bmp)$/i;

/** 没有文件, 或主要是文字 (从表格复制会附带一张图) 时返回空; 须在事件里同步调用 */
export function pastedFiles(data: DataTransfer, prefix: string, now: Date): Promise<PickedFile>[] {
  if (data.getData('text/html') !== '' && data.getData('text/plain') !== '') return [];
  const picked: Promise<PickedFile>[] = [];
  for (const item of data.items) {
    const file = item.kind === 'file' ? item.getAsFile() : null;
    if (file === null) continue;
    picked.push(pick(item, file, screenshotName(file, prefix, now, picked.length)));
  }
  return picked;
}

/** 有像样的名字时返回原名; index: 一次贴了几张时区分开 */
export function screenshotName(
  { name, type }: { readonly name: string; readonly type: string },
  prefix: string,
  now: Date,
  index: number,
): string {
  if (!NAMELESS.test(name) || !type.startsWith('image/')) return name;
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  // 冒号在 Windows 的文件名里不合法, 用点
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('.');
  const suffix = index === 0 ? '' : ` (${index + 1})`;
  return `${prefix} ${day} ${time}${suffix}${name.slice(name.lastIndexOf('.'))}`;
}

function pick(item: DataTransferItem, file: File, name: string): Promise<PickedFile> {
  if (name !== file.name) {
    return Promise.resolve({
      file: new File([file], name, { type: file.type, lastModified: file.lastModified }),
    });
  }
  // 句柄要在事件里当场要, await 之后 item 就失效了
  return handleOf(item).then((handle) => (handle === undefined ? { file } : { file, handle }));
}
