// 基础客户端加入时的在线名单: 逐个 join, 一圈一段
import type { Member } from './member.js';
import type { Sessions } from './sessions.js';

// 一段的人数, 约 6 KB: 一次塞满套接字的话, uWS 为来不及交给内核的留着同样大的缓冲, 直到断开 (实测 500 人: 每条连接 18 KB)
const SLICE = 100;

/**
 * names 是加入那一刻的名单。第一段同步送出, 其余每圈一段, 送完兑现 (一段就够的为 undefined)。
 * 等的时候走了的不再提: 他的 leave 可能已经先到。对方先离开的就此打住
 */
export function introduce(
  member: Member,
  names: readonly string[],
  sessions: Sessions,
): Promise<void> | undefined {
  const { session } = member;
  for (const name of names.slice(0, SLICE)) member.send({ type: 'user_update', action: 'join', name });
  if (names.length <= SLICE) return undefined;
  return new Promise((resolve) => {
    let sent = SLICE;
    const next = (): void => {
      const isDone = sent >= names.length || member.session !== session;
      if (isDone) {
        resolve();
        return;
      }
      for (const name of names.slice(sent, sent + SLICE)) {
        if (sessions.isOnline(name)) member.send({ type: 'user_update', action: 'join', name });
      }
      sent += SLICE;
      setImmediate(next);
    };
    setImmediate(next);
  });
}
