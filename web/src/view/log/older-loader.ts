// 最上面的一行: 向服务器要更早的消息
import { logTexts } from '../../i18n/log.js';
import { h, type ViewContext } from '../kit/dom.js';

export interface OlderLoader {
  readonly element: HTMLElement;
  /** atStart: 窗口在模型的最前面 */
  update(atStart: boolean): void;
  /** 到顶了就要一页 */
  check(nearTop: boolean): void;
  /** 读者又滚动了: 上次没要到可以再要 */
  rearm(): void;
}

export function createOlderLoader({ model, actions }: ViewContext): OlderLoader {
  const spinner = h('span', { class: 'log-spinner', 'aria-hidden': 'true' });
  const element = h('div', { class: 'log-older', hidden: true }, spinner, logTexts().loadingOlder);
  // 要过一次而开头没有变: 服务器拒绝或断线, 不能每帧再要
  let askedAt: string | undefined;
  let asked = false;
  return {
    element,
    update: (atStart) => {
      const loading = model.loadingOlder.get();
      element.hidden = !atStart || !(model.timeline.hasOlder || loading);
      // 占着位置: 转圈出现与消失都不引起跳动
      element.classList.toggle('log-idle', !loading);
    },
    check: (nearTop) => {
      const firstKey = model.timeline.items[0]?.key;
      if (firstKey !== askedAt) asked = false;
      if (!nearTop || asked || !model.timeline.hasOlder || model.loadingOlder.get()) return;
      asked = true;
      askedAt = firstKey;
      actions.loadOlder();
    },
    rearm: () => {
      asked = false;
    },
  };
}
