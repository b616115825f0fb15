// 大图的缩放与平移; 只有算术, 不碰页面
import type { Size } from './fit.js';

/** zoom 1 = 恰好放进窗口; x, y 是图心离窗口中心的 CSS 像素 */
export interface Zoom {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const FIT: Zoom = { zoom: 1, x: 0, y: 0 };
// 比 1:1 再大这么多倍为止, 小图则至少能放到这么多倍
const MAX_ABOVE_NATURAL = 4;

/** 放进窗口的比例; 不放大, 至少 0 */
export function fitScale(image: Size, stage: Size): number {
  return Math.max(0, Math.min(1, stage.width / image.width, stage.height / image.height));
}

/** 以 point (离窗口中心的像素) 为不动点改变倍率 */
export function zoomAt(from: Zoom, zoom: number, point: Point): Zoom {
  const ratio = zoom / from.zoom;
  return { zoom, x: point.x - (point.x - from.x) * ratio, y: point.y - (point.y - from.y) * ratio };
}

/** 倍率收进 1 到上限之间, 图边不离开窗口边 (比窗口小的那一维居中) */
export function clampZoom(view: Zoom, image: Size, stage: Size): Zoom {
  const scale = fitScale(image, stage);
  const most = Math.max(1, MAX_ABOVE_NATURAL / Math.max(scale, Number.EPSILON));
  const zoom = Math.min(most, Math.max(1, view.zoom));
  // 倍率碰到上下限时, 平移也要跟着缩, 否则图会漂走
  const { x, y } = zoom === view.zoom ? view : zoomAt(view, zoom, { x: 0, y: 0 });
  return {
    zoom,
    x: clamp(x, (image.width * scale * zoom - stage.width) / 2),
    y: clamp(y, (image.height * scale * zoom - stage.height) / 2),
  };
}

/** 双击: 放进窗口与 1:1 之间切换; 本来就是 1:1 的小图放到两倍 */
export function toggleTarget(view: Zoom, image: Size, stage: Size): number {
  if (view.zoom > 1.01) return 1;
  const natural = 1 / fitScale(image, stage);
  return natural > 1.05 ? natural : 2;
}

function clamp(value: number, most: number): number {
  const limit = Math.max(0, most);
  return Math.min(limit, Math.max(-limit, value));
}
