// 列表的末尾露出来就要下一页; 还露着就隔一会儿再要
import type { ViewContext } from '../kit/dom.js';

// 离末尾还有这么远就开始取
const AHEAD = '300px';
// 一页里可能没有一个文件, 或者取失败了: 至少隔这么久再要, 不成忙循环
const PAUSE_MS = 600;

export interface EndWatch {
  /** 内容或加载状态变了: 末尾若还看得见, 就再要 */
  check(): void;
}

/** wanted: 现在还要不要更多 */
export function watchEnd(
  sentinel: HTMLElement,
  scroller: HTMLElement,
  { life, load, wanted }: { life: AbortSignal; load: () => void; wanted: () => boolean },
): EndWatch {
  let visible = false;
  let lastAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const check = (): void => {
    clearTimeout(timer);
    if (!visible || life.aborted || !wanted()) return;
    const wait = lastAt + PAUSE_MS - performance.now();
    if (wait > 0) {
      timer = setTimeout(check, wait);
      return;
    }
    lastAt = performance.now();
    load();
  };
  // 抽屉关着或面板不显示时不相交, 也就不会白白去取
  const observer = new IntersectionObserver(
    (entries) => {
      visible = entries.at(-1)?.isIntersecting === true;
      check();
    },
    { root: scroller, rootMargin: AHEAD },
  );
  observer.observe(sentinel);
  life.addEventListener(
    'abort',
    () => {
      observer.disconnect();
      clearTimeout(timer);
    },
    { once: true },
  );
  return { check };
}

/** 正在取, 或没有更多时不要 */
export function wantsMore({ model }: ViewContext): boolean {
  const { state } = model.finder;
  if (state.phase === 'off') return model.files.more && !model.loadingFiles.get();
  return state.phase === 'found' && state.more;
}
