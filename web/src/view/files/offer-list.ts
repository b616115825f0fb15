// 文件面板最上面: 别人正在上传的, 不等传完就可以下载

import { kindOf } from '../../../../src/protocol/file-kind.js';
import { filesTexts } from '../../i18n/files.js';
import type { FileFilter } from '../../model/file-finder.js';
import { type Offer, offersOfOthers } from '../../model/offers.js';
import { h, type ViewContext } from '../kit/dom.js';
import { placeChildren } from '../kit/keyed-list.js';
import { fileName } from '../media/file-name.js';
import { kindIcon } from '../media/kind-icons.js';
import { createOfferMeter, type OfferView, offerStateText, offerTools } from '../media/offer-card.js';
import { filterFiles } from './filter.js';

export interface OfferList {
  readonly element: HTMLElement;
  /** 返回画出来的个数 */
  update(filter: FileFilter): number;
}

export function createOfferList({ model }: Pick<ViewContext, 'model'>): OfferList {
  const element = h('ul', { class: 'files-offers', 'aria-label': filesTexts().uploading, role: 'list' });
  let rows: ReadonlyMap<string, OfferView> = new Map();
  return {
    element,
    update: (filter) => {
      const offers = offersOfOthers(model.offers.items, model.transfers.items, model.identity.get()?.name);
      const shown = filterFiles(offers, filter).toReversed();
      rows = new Map(shown.map((offer) => [offer.id, rows.get(offer.id) ?? createOfferRow(offer)]));
      for (const offer of shown) rows.get(offer.id)?.update(offer);
      placeChildren(
        element,
        [...rows.values()].map((row) => row.element),
      );
      element.hidden = shown.length === 0;
      return shown.length;
    },
  };
}

function createOfferRow(offer: Offer): OfferView {
  const { meter, update } = createOfferMeter(offer);
  const state = h('span', { class: 'files-offer-state' });
  const sender = h('div', { class: 'files-uploader' }, h('bdi', { title: offer.name }, offer.name), state);
  const body = h('div', { class: 'files-body' }, fileName(offer.originalName), sender, meter);
  const tools = h('div', { class: 'files-tools' }, ...offerTools(offer, false));
  const kind = kindIcon(kindOf('', offer.originalName));
  return {
    element: h('li', { class: 'files-row files-offer' }, kind, body, tools),
    update: (next) => {
      // 列表的标题已经说了正在上传, 停着的才写
      state.textContent = next.state === 'sending' ? '' : ` · ${offerStateText(next)}`;
      update(next);
    },
  };
}
