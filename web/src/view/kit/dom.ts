// 造元素的小工具: 文字只经 textContent 进入页面, 没有任何 innerHTML
import type { Actions } from '../../model/actions.js';
import type { Model } from '../../model/model.js';
import type { UiState } from './ui-state.js';

/** 每个界面部件所需; life 中止即拆除: 监听与订阅都挂在它上面 */
export interface ViewContext {
  readonly model: Model;
  readonly actions: Actions;
  readonly life: AbortSignal;
  /** 界面重建之后仍在 */
  readonly ui: UiState;
}

type Child = Node | string | false | undefined;

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** h('button', { class: 'primary', type: 'button' }, '发送'); 属性值 false 或 undefined 不写, true 写成空值 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    // on* 属性会成为脚本, style 属性违反 CSP; 这里都不该出现
    if (/^on|^style$/i.test(name)) throw new TypeError(`不许写属性 ${name}`);
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== false && child !== undefined));
  return element;
}

/** 图标来自 icons.svg 的一个 symbol; 装饰, 读屏软件跳过 */
const SVG = 'http://www.w3.org/2000/svg';

export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS(SVG, 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

/** 只有图标的按钮: label 是读屏名, 也作提示 */
export function iconButton(path: string, label: string, className = ''): HTMLButtonElement {
  const button = h('button', {
    type: 'button',
    class: `icon-button ${className}`.trim(),
    'aria-label': label,
    title: label,
  });
  button.append(icon(path));
  return button;
}

/** 一帧里的多次变化只重画一次; 页面在后台时 requestAnimationFrame 不走, 改用定时器 */
export function onNextFrame(render: () => void, life: AbortSignal): () => void {
  let scheduled = false;
  return () => {
    if (scheduled || life.aborted) return;
    scheduled = true;
    const run = (): void => {
      scheduled = false;
      if (!life.aborted) render();
    };
    // 后台的页面每秒画一次就够: 标题与未读另有路径
    if (document.hidden) setTimeout(run, 1000);
    else requestAnimationFrame(run);
  };
}
