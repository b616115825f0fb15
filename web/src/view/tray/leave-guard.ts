// 关页面之前问一声: 还有文件在传
import type { Model } from '../../model/model.js';
import { isActive } from './summary.js';

/**
 * 虽然能续传, 仍然要问: 一离开传输就停, 回来多半要重新选同一个文件, 而还在排队的服务器根本不知道。
 * 暂停的, 失败的, 等着选文件的不问: 离开并不会让它们变得更糟。
 * 一直挂着监听: 开着 WebSocket 的页面反正进不了往返缓存, 随状态挂上与取下没有好处。
 */
export function createLeaveGuard(model: Model, life: AbortSignal): void {
  window.addEventListener(
    'beforeunload',
    (event) => {
      if (!model.transfers.items.some(isActive)) return;
      event.preventDefault();
    },
    { signal: life },
  );
}
