// 大图的键盘: 左右翻页, Home End 到头, + - 0 缩放, 放大之后方向键平移; Esc 由 dialog 自己处理
import type { Stage } from './stage.js';

interface KeyTargets {
  readonly stage: Stage;
  readonly step: (offset: number) => void;
  /** 0 = 最早的一张, -1 = 最新的 */
  readonly jump: (index: 0 | -1) => void;
  readonly zoomStep: number;
}

// 每按一下移动的 CSS 像素
const PAN = 80;

export function listenKeys(
  dialog: HTMLDialogElement,
  { stage, step, jump, zoomStep }: KeyTargets,
  life: AbortSignal,
): void {
  const arrow = (x: number, y: number): void => {
    // 看右边 = 图往左走
    if (stage.zoomed) stage.move(-x * PAN, -y * PAN);
    else if (x !== 0) step(x);
  };
  const keys = new Map<string, () => void>([
    ['ArrowLeft', () => arrow(-1, 0)],
    ['ArrowRight', () => arrow(1, 0)],
    ['ArrowUp', () => arrow(0, -1)],
    ['ArrowDown', () => arrow(0, 1)],
    ['PageUp', () => step(-1)],
    ['PageDown', () => step(1)],
    ['Home', () => jump(0)],
    ['End', () => jump(-1)],
    ['+', () => stage.scale(zoomStep)],
    // 主键盘区的 + 不按 Shift 就是 =
    ['=', () => stage.scale(zoomStep)],
    ['-', () => stage.scale(1 / zoomStep)],
    ['0', () => stage.fit()],
  ]);
  dialog.addEventListener(
    'keydown',
    (event) => {
      // 带修饰键的是浏览器的快捷键 (前进后退, 页面缩放)
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const action = keys.get(event.key);
      if (action === undefined) return;
      event.preventDefault();
      action();
    },
    { signal: life },
  );
}
