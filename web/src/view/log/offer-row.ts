// 别人正在上传的文件: 一张带进度的卡片, 不等传完就可以下载; 传完之后由真正的消息接替
import { logTexts } from '../../i18n/log.js';
import { h } from '../kit/dom.js';
import { avatar } from '../kit/person.js';
import { createOfferCard, offerStateText } from '../media/offer-card.js';
import type { RowView } from './row-list.js';
import type { LogRow } from './rows.js';

export type OfferRow = Extract<LogRow, { kind: 'offer' }>;

export function createOfferRow(row: OfferRow): RowView {
  const { source: offer, mine } = row;
  const card = createOfferCard(offer);
  const name = h('bdi', { class: 'log-name', dir: 'auto' }, mine ? logTexts().me : offer.name);
  const state = h('span', {}, offerStateText(offer));
  const head = h('div', { class: 'log-head' }, name, state);
  const stack = h('div', { class: 'log-stack' }, head, h('div', { class: 'log-line' }, bubble(card.element)));
  const element = h(
    'div',
    { class: `log-row log-message log-first log-file ${mine ? 'log-mine' : ''}`.trim() },
    !mine && avatar(offer.name),
    stack,
  );
  return {
    element,
    update: (next) => {
      if (next.kind !== 'offer' || next.mine !== mine) return false;
      state.textContent = offerStateText(next.source);
      card.update(next.source);
      return true;
    },
  };
}

function bubble(content: HTMLElement): HTMLElement {
  return h('div', { class: 'log-bubble' }, content);
}
