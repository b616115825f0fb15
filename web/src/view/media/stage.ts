// 大图的舞台: 一张图, 它的倍率与位置; 原图到之前先垫着模糊的缩略图
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { mediaTexts } from '../../i18n/media.js';
import { h } from '../kit/dom.js';
import { safeName } from './file-name.js';
import type { Size } from './fit.js';
import { type GestureHandlers, listenGestures } from './gestures.js';
import { filePath, thumbPath } from './links.js';
import { clampZoom, FIT, fitScale, type Point, toggleTarget, type Zoom, zoomAt } from './zoom.js';

const CENTER: Point = { x: 0, y: 0 };

export interface StageEvents {
  /** percent: 相对原图的显示比例 */
  zoomChanged(percent: number): void;
  swipe: GestureHandlers['swipe'];
  /** 点了图片之外的地方 */
  backdrop(): void;
}

/** 一直在页面里, 随大图开关; life 中止即停 */
export class Stage {
  readonly element: HTMLElement;
  readonly #frame: HTMLElement;
  readonly #failure: HTMLElement;
  readonly #events: StageEvents;
  #image: Size = { width: 1, height: 1 };
  #zoom: Zoom = FIT;

  constructor(events: StageEvents, life: AbortSignal) {
    this.#events = events;
    this.#frame = h('div', { class: 'lightbox-frame' });
    this.#failure = h('p', { class: 'lightbox-failure', role: 'status' });
    this.element = h('div', { class: 'lightbox-stage' }, this.#frame, this.#failure);
    listenGestures(this.element, this.#handlers(), life);
    // 转屏, 改窗口大小: 重新放进窗口
    const resized = new ResizeObserver(() => this.#apply(this.#zoom));
    resized.observe(this.element);
    life.addEventListener('abort', () => resized.disconnect(), { once: true });
  }

  get zoomed(): boolean {
    return this.#zoom.zoom > 1.01;
  }

  show(file: FileBroadcast): void {
    this.#failure.textContent = '';
    this.#image = { width: file.width ?? 1, height: file.height ?? 1 };
    const thumb = h('img', { class: 'lightbox-thumb', src: thumbPath(file), alt: '', draggable: 'false' });
    const full = h('img', { class: 'lightbox-full', alt: safeName(file.originalName), draggable: 'false' });
    full.decoding = 'async';
    full.addEventListener('load', () => {
      full.classList.add('loaded');
      thumb.remove();
    });
    full.addEventListener('error', () => {
      // 换到下一张之后才失败的不算
      if (full.isConnected) this.#failure.textContent = mediaTexts().imageFailed;
    });
    full.src = filePath(file) ?? '';
    this.#frame.replaceChildren(thumb, full);
    this.#apply(FIT);
  }

  /** 松开原图占的内存 */
  clear(): void {
    this.#frame.replaceChildren();
  }

  scale(factor: number, point: Point = CENTER): void {
    this.#apply(zoomAt(this.#zoom, this.#zoom.zoom * factor, point));
  }

  move(dx: number, dy: number): void {
    this.#apply({ ...this.#zoom, x: this.#zoom.x + dx, y: this.#zoom.y + dy });
  }

  fit(): void {
    this.#apply(FIT);
  }

  #handlers(): GestureHandlers {
    return {
      scale: (factor, point) => this.scale(factor, point),
      move: (dx, dy) => this.move(dx, dy),
      toggle: (point) =>
        this.#apply(zoomAt(this.#zoom, toggleTarget(this.#zoom, this.#image, this.#size()), point)),
      swipe: (direction) => this.#events.swipe(direction),
      tap: (target) => {
        // 放大之后点空处不关: 多半是拖动没拖成
        if (target === this.element && !this.zoomed) this.#events.backdrop();
      },
      zoomed: () => this.zoomed,
    };
  }

  #size(): Size {
    return { width: Math.max(1, this.element.clientWidth), height: Math.max(1, this.element.clientHeight) };
  }

  // 框按放进窗口的大小, 倍率用 transform: 不引起排版, 浏览器按新倍率重新栅格化所以清晰
  #apply(wanted: Zoom): void {
    const stage = this.#size();
    const scale = fitScale(this.#image, stage);
    this.#zoom = clampZoom(wanted, this.#image, stage);
    const { zoom, x, y } = this.#zoom;
    const { style } = this.#frame;
    style.setProperty('width', `${this.#image.width * scale}px`);
    style.setProperty('height', `${this.#image.height * scale}px`);
    style.setProperty('transform', `translate(-50%, -50%) translate(${x}px, ${y}px) scale(${zoom})`);
    this.element.classList.toggle('zoomed', this.zoomed);
    this.#events.zoomChanged(Math.round(scale * zoom * 100));
  }
}
