// 看着很早的一段时, 底下的一条: 说明在哪里, 攒了几条新的, 一键回到最新
import { logTexts } from '../../i18n/log.js';
import { h, icon } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';

export interface ExcerptBar {
  readonly element: HTMLElement;
  /** count: 打开这一段之后来的新消息 */
  update(shown: boolean, count: number): void;
}

export function createExcerptBar(showLatest: () => void): ExcerptBar {
  const texts = logTexts();
  const label = h('span', { class: 'log-excerpt-label' });
  const button = h('button', { type: 'button', class: 'log-excerpt-latest' }, texts.backToLatest);
  button.append(icon(ICONS.down));
  button.addEventListener('click', showLatest);
  const element = h('div', { class: 'log-excerpt', role: 'status', hidden: true }, label, button);
  return {
    element,
    update: (shown, count) => {
      if (element.hidden === shown) element.hidden = !shown;
      const said = count === 0 ? texts.inThePast : `${texts.inThePast} · ${texts.newMessages(count)}`;
      // 每帧都会调用, 没有变就不碰页面
      if (shown && label.textContent !== said) label.textContent = said;
    },
  };
}
