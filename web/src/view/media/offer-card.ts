// 还在上传的文件的卡片: 与传完之后的卡片同一个样子, 多一条进度; 链接现在就能用

import { kindOf } from '../../../../src/protocol/file-kind.js';
import { mediaTexts } from '../../i18n/media.js';
import type { Offer } from '../../model/offers.js';
import { h, icon } from '../kit/dom.js';
import { formatBytes } from '../kit/format.js';
import { ICONS } from '../kit/icons.js';
import { copyLinkButton } from './copy-link.js';
import { fileName, safeName } from './file-name.js';
import { kindIcon } from './kind-icons.js';
import { downloadPath } from './links.js';

export interface OfferView {
  readonly element: HTMLElement;
  /** 同一个文件的新进度 */
  update(offer: Offer): void;
}

export function createOfferCard(offer: Offer): OfferView {
  const { meter, update } = createOfferMeter(offer);
  const summary = h('div', { class: 'attachment-summary' }, fileName(offer.originalName), meter);
  const kind = kindIcon(kindOf('', offer.originalName));
  const card = h('div', { class: 'attachment-card offer-card' }, kind, summary, ...offerTools(offer, true));
  return { element: h('div', { class: 'attachment' }, card), update };
}

/** 上传者此刻怎样; 写在他的名字旁边 */
export function offerStateText({ state }: Offer): string {
  return mediaTexts()[`offer_${state}`];
}

/** 进度条与一行说明; 每秒变一次, 所以不给读屏软件念 */
export function createOfferMeter(first: Offer): { readonly meter: HTMLElement; update(offer: Offer): void } {
  const texts = mediaTexts();
  const label = texts.offerProgress(safeName(first.originalName));
  const bar = h('progress', { class: 'offer-progress', max: 100, value: 0, 'aria-label': label });
  const facts = h('span', { class: 'attachment-facts', 'aria-hidden': 'true' });
  const meter = h('div', { class: 'offer-meter' }, bar, facts);
  const update = (offer: Offer): void => {
    const percent = percentOf(offer);
    bar.value = percent;
    meter.classList.toggle('offer-still', offer.state !== 'sending');
    facts.textContent = `${formatBytes(offer.size)} · ${percent} %`;
  };
  update(first);
  return { meter, update };
}

/** 复制链接, 边传边下; 链接不可用时一个也没有 */
export function offerTools(offer: Offer, spelled: boolean): HTMLElement[] {
  const href = downloadPath(offer);
  if (href === undefined) return [];
  const texts = mediaTexts();
  const name = safeName(offer.originalName);
  const link = h(
    'a',
    {
      href,
      download: offer.originalName,
      class: spelled ? 'offer-download' : 'icon-button',
      'aria-label': texts.downloadEarly(name),
      title: texts.downloadEarlyHint,
    },
    icon(ICONS.download),
    spelled && h('span', { class: 'offer-word' }, texts.downloadEarlyShort),
  );
  return [copyLinkButton(offer.url, name), link];
}

// 全部到了而还没有发布 (正在校验) 时也不说 100
function percentOf({ received, size }: Offer): number {
  return size === 0 ? 0 : Math.max(0, Math.min(99, Math.floor((received / size) * 100)));
}
