// 省略号紧挨着后段: CSS 的省略把剩下的不足一字的宽度留在中间, 这里把前段收到刚好, 宽度让给末尾

const ELLIPSIS = '…';
let shared: ResizeObserver | undefined;

/** 跟着 element (.file-name) 的宽度走; 副作用: 改前段的 max-width。元素离开页面即不再跟 */
export function followWidth(element: HTMLElement): void {
  // 全页共用一个: 一帧里的各行先都读完再一起写, 只多一次排版
  shared ??= new ResizeObserver(fitAll);
  shared.observe(element);
}

function fitAll(entries: readonly ResizeObserverEntry[], observer: ResizeObserver): void {
  const stems: HTMLElement[] = [];
  for (const { target } of entries) {
    // 离开页面时宽度变成 0, 也会到这里: 放掉它, 有的浏览器会因观察而一直留着它
    if (!target.isConnected) observer.unobserve(target);
    const stem = target.firstElementChild;
    if (!(stem instanceof HTMLElement)) continue;
    stem.style.removeProperty('max-width');
    if (target.isConnected) stems.push(stem);
  }
  const widths = stems.map(fittedWidth);
  for (const [index, stem] of stems.entries()) {
    const width = widths[index];
    if (width !== undefined) stem.style.setProperty('max-width', `${width}px`);
  }
}

// 没有省略的不用管
function fittedWidth(stem: HTMLElement): number | undefined {
  const text = stem.firstChild;
  if (!(text instanceof Text) || stem.scrollWidth <= stem.clientWidth) return undefined;
  const limit = stem.getBoundingClientRect().width;
  const ellipsis = ellipsisWidth(stem);
  const range = document.createRange();
  range.setStart(text, 0);
  const widthOf = (length: number): number => {
    range.setEnd(text, length);
    return range.getBoundingClientRect().width;
  };
  // 宽度随长度递增: 折半找放得下省略号的最长前段
  let [fits, over] = [0, text.length];
  while (over - fits > 1) {
    const middle = (fits + over) >> 1;
    if (widthOf(middle) + ellipsis <= limit) fits = middle;
    else over = middle;
  }
  // 多给一像素: 取整之差不至于再吞掉一个字
  return Math.min(limit, widthOf(fits) + ellipsis + 1);
}

// 一种字体量一次; 页面里的字体只有几种
const ellipsisWidths = new Map<string, number>();

function ellipsisWidth(stem: HTMLElement): number {
  const { font } = getComputedStyle(stem);
  const known = ellipsisWidths.get(font);
  if (known !== undefined) return known;
  const brush = document.createElement('canvas').getContext('2d');
  if (brush === null) return 0;
  brush.font = font;
  const { width } = brush.measureText(ELLIPSIS);
  ellipsisWidths.set(font, width);
  return width;
}
