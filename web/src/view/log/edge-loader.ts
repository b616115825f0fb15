// 最上面与最下面的一行: 读者翻到头, 向服务器要更早或更新的消息
import { logTexts } from '../../i18n/log.js';
import { h, type ViewContext } from '../kit/dom.js';

export interface EdgeLoader {
  readonly element: HTMLElement;
  /** atEdge: 窗口在模型的这一头 */
  update(atEdge: boolean): void;
  /** 到头了就要一页 */
  check(nearEdge: boolean): void;
  /** 读者又滚动了: 上次没要到可以再要 */
  rearm(): void;
}

/** 一头的事实: 还有没有, 正在取没有, 这一头的一条是谁 */
interface Edge {
  readonly more: () => boolean;
  readonly loading: () => boolean;
  readonly key: () => string | undefined;
  readonly load: () => void;
}

/** 记录 (或单独看着的一段) 的最前面 */
export function createOlderLoader({ model, actions }: ViewContext): EdgeLoader {
  const shown = () => (model.excerpt.isOpen ? model.excerpt : model.timeline);
  return createEdgeLoader(logTexts().loadingOlder, {
    more: () => shown().hasOlder,
    loading: () => model.loadingOlder.get(),
    key: () => shown().items[0]?.key,
    load: () => actions.loadOlder(),
  });
}

/** 单独看着的一段的最后面; 聊天记录自己总是到最新的 */
export function createNewerLoader({ model, actions }: ViewContext): EdgeLoader {
  return createEdgeLoader(logTexts().loadingNewer, {
    more: () => model.excerpt.hasNewer,
    loading: () => model.loadingNewer.get(),
    key: () => model.excerpt.items.at(-1)?.key,
    load: () => actions.loadNewer(),
  });
}

function createEdgeLoader(label: string, edge: Edge): EdgeLoader {
  const spinner = h('span', { class: 'log-spinner', 'aria-hidden': 'true' });
  const element = h('div', { class: 'log-edge', hidden: true }, spinner, label);
  // 要过一次而这一头没有变: 服务器拒绝或断线, 不能每帧再要
  let askedAt: string | undefined;
  let asked = false;
  return {
    element,
    update: (atEdge) => {
      const loading = edge.loading();
      element.hidden = !atEdge || !(edge.more() || loading);
      // 占着位置: 转圈出现与消失都不引起跳动
      element.classList.toggle('log-idle', !loading);
    },
    check: (nearEdge) => {
      const key = edge.key();
      if (key !== askedAt) asked = false;
      if (!nearEdge || asked || !edge.more() || edge.loading()) return;
      asked = true;
      askedAt = key;
      edge.load();
    },
    rearm: () => {
      asked = false;
    },
  };
}
