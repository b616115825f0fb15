// 一名已加入聊天室的用户: 握手, join, 等到 welcome 为止
import type { ServerMessage, WelcomeMessage } from '../../src/protocol/messages.js';
import type { Target } from './target.js';
import { WebSocketClient } from './websocket-client.js';

/** welcome 最多等这么久 (毫秒); 机器满载时服务器也该在此之内应答 */
const JOIN_TIMEOUT_MS = 15_000;

export interface ChatMember {
  readonly client: WebSocketClient;
  readonly session: string;
}

/** 保证: 返回之后的每条消息都交给 onMessage; welcome 之前的丢弃 */
export async function joinChat(
  target: Target,
  name: string,
  onMessage: (message: ServerMessage) => void = () => {},
  // 声明 batch: 服务器便不必给压测逐个补发在线名单
  features: readonly string[] = ['batch'],
): Promise<ChatMember> {
  let welcomed: (welcome: WelcomeMessage) => void = () => {};
  let failed: (error: Error) => void = () => {};
  const welcome = new Promise<WelcomeMessage>((resolve, reject) => {
    welcomed = resolve;
    failed = reject;
  });
  const timer = setTimeout(
    () => failed(new Error(`${JOIN_TIMEOUT_MS} 毫秒内没有收到 welcome`)),
    JOIN_TIMEOUT_MS,
  );
  const client = await WebSocketClient.connect(target, '/ws', {
    onMessage(message) {
      if (message.type === 'welcome') welcomed(message);
      else if (message.type === 'error') failed(new Error(`加入失败: ${message.code} ${message.message}`));
      onMessage(message);
    },
    onClose: (reason) => failed(new Error(reason)),
  });
  client.sendJson({ type: 'user_update', action: 'join', name, features });
  const { session } = await welcome.finally(() => clearTimeout(timer));
  return { client, session };
}
