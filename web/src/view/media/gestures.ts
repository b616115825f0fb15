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
  const fingers = new Fingers(stage, handlers);
  const options = { signal: life };
  stage.addEventListener('pointerdown', (event) => fingers.down(event), options);
  stage.addEventListener('pointermove', (event) => fingers.move(event), options);
  stage.addEventListener('pointerup', (event) => fingers.up(event), options);
  stage.addEventListener('pointercancel', (event) => fingers.up(event), options);
  stage.addEventListener('dblclick', (event) => handlers.toggle(fromCenter(stage, event)), options);
  // passive: false 才能不让整页跟着缩放或滚动
  stage.addEventListener('wheel', (event) => wheel(event, stage, handlers), { signal: life, passive: false });
}

/** 从按下第一根手指到全部抬起 */
class Fingers {
  readonly #stage: HTMLElement;
  readonly #handlers: GestureHandlers;
  // 至多两根手指; 第三根不理
  readonly #down = new Map<number, Finger>();
  // 拖动过, 或用过两根手指: 不再算点按或滑动
  #dragged = false;
  #pinched = false;

  constructor(stage: HTMLElement, handlers: GestureHandlers) {
    this.#stage = stage;
    this.#handlers = handlers;
  }

  down(event: PointerEvent): void {
    if (event.button !== 0 || this.#down.size >= 2) return;
    this.#pinched = this.#down.size > 0;
    if (!this.#pinched) this.#dragged = false;
    const { x, y } = fromCenter(this.#stage, event);
    this.#down.set(event.pointerId, { x, y, startX: x, startY: y });
    // 拖出窗口也要收到抬起
    this.#stage.setPointerCapture(event.pointerId);
  }

  move(event: PointerEvent): void {
    const finger = this.#down.get(event.pointerId);
    if (finger === undefined) return;
    const to = fromCenter(this.#stage, event);
    if (Math.hypot(to.x - finger.startX, to.y - finger.startY) > SLOP) this.#dragged = true;
    const other = [...this.#down].find(([id]) => id !== event.pointerId)?.[1];
    if (other !== undefined) pinch(finger, to, other, this.#handlers);
    else if (this.#dragged && this.#handlers.zoomed()) this.#handlers.move(to.x - finger.x, to.y - finger.y);
    this.#down.set(event.pointerId, { ...finger, x: to.x, y: to.y });
  }

  up(event: PointerEvent): void {
    const finger = this.#down.get(event.pointerId);
    if (finger === undefined) return;
    this.#down.delete(event.pointerId);
    if (this.#down.size > 0 || this.#pinched || event.type === 'pointercancel') return;
    // 捕获之后 target 总是舞台, 要按坐标找被点的元素
    if (!this.#dragged) this.#handlers.tap(document.elementFromPoint(event.clientX, event.clientY));
    else if (event.pointerType === 'touch' && !this.#handlers.zoomed()) swipe(finger, this.#handlers);
  }
}

function wheel(event: WheelEvent, stage: HTMLElement, handlers: GestureHandlers): void {
  event.preventDefault();
  const delta = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE_HEIGHT : event.deltaY;
  const rate = event.ctrlKey ? PINCH_RATE : WHEEL_RATE;
  handlers.scale(Math.exp(-delta * rate), fromCenter(stage, event));
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
