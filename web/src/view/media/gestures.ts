// 鼠标, 触摸, 触控笔与滚轮变成缩放, 拖动, 滑动; 不知道图片是什么
import type { Point } from './zoom.js';

export interface GestureHandlers {
  /** factor: 相对倍率; point 与以下的点都是离窗口中心的 CSS 像素 */
  scale(factor: number, point: Point): void;
  move(dx: number, dy: number): void;
  toggle(point: Point): void;
  /** 一根手指没有缩放时的横滑与下滑 */
  swipe(direction: 'left' | 'right' | 'down'): void;
  /** 点一下, 没有拖动 */
  tap(target: EventTarget | null): void;
  zoomed(): boolean;
}

// 手抖的余地 (CSS 像素): 超过才算拖动
const SLOP = 6;
const SWIPE = 60;
// 滚轮一格 (100) 约 1.16 倍; 触控板的捏合以 ctrlKey 加小数值到来
const WHEEL_RATE = 0.0015;
const PINCH_RATE = 0.01;
const LINE_HEIGHT = 40;

interface Finger extends Point {
  readonly startX: number;
  readonly startY: number;
}

export function listenGestures(stage: HTMLElement, handlers: GestureHandlers, life: AbortSignal): void {
  const options = { signal: life };
  // 至多两根手指; 第三根不理
  const fingers = new Map<number, Finger>();
  // 这一次按下之后拖动过, 或用过两根手指: 不再算点按或滑动
  let dragged = false;
  let pinched = false;

  stage.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0 || fingers.size >= 2) return;
      if (fingers.size === 0) dragged = pinched = false;
      else pinched = true;
      const { x, y } = fromCenter(stage, event);
      fingers.set(event.pointerId, { x, y, startX: x, startY: y });
      // 拖出窗口也要收到抬起
      stage.setPointerCapture(event.pointerId);
    },
    options,
  );

  stage.addEventListener(
    'pointermove',
    (event) => {
      const finger = fingers.get(event.pointerId);
      if (finger === undefined) return;
      const to = fromCenter(stage, event);
      if (Math.hypot(to.x - finger.startX, to.y - finger.startY) > SLOP) dragged = true;
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other !== undefined) pinch(finger, to, other, handlers);
      else if (dragged && handlers.zoomed()) handlers.move(to.x - finger.x, to.y - finger.y);
      fingers.set(event.pointerId, { ...finger, x: to.x, y: to.y });
    },
    options,
  );

  const release = (event: PointerEvent): void => {
    const finger = fingers.get(event.pointerId);
    if (finger === undefined || !fingers.delete(event.pointerId)) return;
    if (fingers.size > 0 || pinched || event.type === 'pointercancel') return;
    // 捕获之后 target 总是舞台, 要按坐标找被点的元素
    if (!dragged) handlers.tap(document.elementFromPoint(event.clientX, event.clientY));
    else if (event.pointerType === 'touch' && !handlers.zoomed()) swipe(finger, handlers);
  };
  stage.addEventListener('pointerup', release, options);
  stage.addEventListener('pointercancel', release, options);

  stage.addEventListener('dblclick', (event) => handlers.toggle(fromCenter(stage, event)), options);

  stage.addEventListener(
    'wheel',
    (event) => {
      // 不让整页跟着缩放或滚动
      event.preventDefault();
      const delta = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE_HEIGHT : event.deltaY;
      const rate = event.ctrlKey ? PINCH_RATE : WHEEL_RATE;
      handlers.scale(Math.exp(-delta * rate), fromCenter(stage, event));
    },
    { signal: life, passive: false },
  );
}

// 以两指的中点为不动点, 同时跟着中点走
function pinch(finger: Finger, to: Point, other: Point, handlers: GestureHandlers): void {
  const before = Math.hypot(finger.x - other.x, finger.y - other.y);
  const after = Math.hypot(to.x - other.x, to.y - other.y);
  const middle = { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 };
  if (before > 0 && after > 0) handlers.scale(after / before, middle);
  handlers.move((to.x - finger.x) / 2, (to.y - finger.y) / 2);
}

function swipe(finger: Finger, handlers: GestureHandlers): void {
  const dx = finger.x - finger.startX;
  const dy = finger.y - finger.startY;
  if (Math.abs(dx) > SWIPE && Math.abs(dx) > Math.abs(dy) * 1.5) handlers.swipe(dx < 0 ? 'left' : 'right');
  else if (dy > SWIPE * 1.5 && dy > Math.abs(dx) * 1.5) handlers.swipe('down');
}

function fromCenter(stage: HTMLElement, event: MouseEvent): Point {
  const box = stage.getBoundingClientRect();
  return { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
}
