// 文件类别的图标 (24 * 24, 填充)

import type { FileKind } from '../../../../src/protocol/file-kind.js';
import { h, icon } from '../kit/dom.js';

// 一张折角的纸, 里面画内容; evenodd 做不到反白, 所以内容直接写成洞 (反向的子路径)
const SHEET = 'M6 2h8l6 6v12a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zm7 1.5V9h5.5z';

const PATHS: Readonly<Record<FileKind, string>> = {
  image:
    'M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm0 15h14l-4.5-6-3.5 4.5-2.5-3zM8.5 6.5a2 2 0 1 0 0 4 2 2 0 1 0 0-4z',
  audio: 'M12 3v10.6a4 4 0 1 0 2 3.4V7h4V3z',
  video: 'M4 5h11a2 2 0 0 1 2 2v3.5l4-3v9l-4-3V17a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z',
  document: `${SHEET}M7 12v1.6h10V12zm0 3v1.6h10V15zm0 3v1.6h6V18z`,
  spreadsheet: `${SHEET}M7 11.5v7.5h10v-7.5zm1.5 1.5h3v1.7h-3zm4.5 0h2.5v1.7h-2.5zm-4.5 3.1h3v1.6h-3zm4.5 0h2.5v1.6h-2.5z`,
  presentation:
    'M11 2h2v2h8v2h-1v9a2 2 0 0 1-2 2h-4.3l2.8 4h-2.3L12 18l-2.2 3H7.5l2.8-4H6a2 2 0 0 1-2-2V6H3V4h8zM8 9v5h1.8V9zm3.1-1.5V14h1.8V7.5zM14.2 10.5V14H16v-3.5z',
  archive:
    'M6 2h12a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zm4 1v2h2V3zm2 2v2h2V5zm-2 2v2h2V7zm2 2v2h2V9zm-2 2v2h2v-2zm0 3v4h4v-4zm1.3 1.3h1.4v1.4h-1.4z',
  code: 'M8.7 6.3 10.1 7.7 5.8 12l4.3 4.3-1.4 1.4L3 12zm6.6 0L21 12l-5.7 5.7-1.4-1.4 4.3-4.3-4.3-4.3z',
  other: SHEET,
};

/** 带底色的方块; 装饰, 类型另有文字 */
export function kindIcon(kind: FileKind): HTMLElement {
  const element = h('span', { class: `kind kind-${kind}`, 'aria-hidden': 'true' });
  const drawing = icon(PATHS[kind]);
  // 洞与外框的方向不一定相反, 按奇偶填充
  drawing.setAttribute('fill-rule', 'evenodd');
  element.append(drawing);
  return element;
}
