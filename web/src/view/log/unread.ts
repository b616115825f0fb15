// 未读: 没在看底部时攒的条数, 与页面在后台时画的分隔线
import type { ViewContext } from '../kit/dom.js';

export interface Unread {
  /** 分隔线画在这一条之前 */
  readonly dividerKey: string | undefined;
  readonly count: number;
  /** 已看到最新的一条 */
  clearCount(): void;
}

/** isFollowing: 正停在底部, 新消息不算未读 */
export function startUnread({ model, life }: ViewContext, isFollowing: () => boolean): Unread {
  let dividerKey: string | undefined;
  let count = 0;
  model.timeline.arrived.subscribe((item) => {
    if (item.message.name === model.identity.get()?.name) {
      // 自己说了话, 就是都看过了
      dividerKey = undefined;
      return;
    }
    if (!isFollowing()) count += 1;
    if (document.hidden) dividerKey ??= item.key;
  }, life);
  // 再次切走时撤掉上一次的线, 下一批从新的地方算起
  const onVisibility = (): void => {
    if (document.hidden && isFollowing()) dividerKey = undefined;
  };
  document.addEventListener('visibilitychange', onVisibility, { signal: life });
  return {
    get dividerKey() {
      return dividerKey;
    },
    get count() {
      return count;
    },
    clearCount: () => {
      count = 0;
    },
  };
}
