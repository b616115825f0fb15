// 滚到某一条之后让它闪一下: 一屏的消息里一眼看得见

// 与样式里的动画一样长; 要求少动的用户看到的是静止的底色, 也到时撤掉 (毫秒)
const SHOWN_MS = 2400;

export function flash(row: HTMLElement): void {
  row.classList.remove('log-spot');
  // 读一次布局: 再点同一条时动画从头来
  row.getBoundingClientRect();
  row.classList.add('log-spot');
  setTimeout(() => row.classList.remove('log-spot'), SHOWN_MS);
}
