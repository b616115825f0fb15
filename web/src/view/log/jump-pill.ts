// 右下角的按钮: 有新消息时写条数, 只是翻得远时是一个向下的箭头
import { logTexts } from '../../i18n/log.js';
import { h, icon } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';

export interface JumpPill {
  readonly element: HTMLButtonElement;
  /** visible 为 false 时收起 */
  update(visible: boolean, count: number): void;
}

export function createJumpPill(jump: () => void): JumpPill {
  const texts = logTexts();
  const label = h('span', { class: 'log-pill-label' });
  const element = h('button', { type: 'button', class: 'log-pill', hidden: true }, label);
  element.append(icon(ICONS.down));
  element.addEventListener('click', jump);
  let shown = '';
  return {
    element,
    update: (visible, count) => {
      const state = visible ? String(count) : 'hidden';
      // 每帧都会调用, 没有变就不碰页面
      if (state === shown) return;
      shown = state;
      element.hidden = !visible;
      element.classList.toggle('log-pill-plain', count === 0);
      label.textContent = count === 0 ? '' : texts.newMessages(count);
      element.setAttribute('aria-label', count === 0 ? texts.jumpDown : texts.newMessages(count));
    },
  };
}
