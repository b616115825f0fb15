// 聊天连接上的一帧 -> 逐条照办的消息: batch 拆开, 此后没有人需要知道它们是一起来的
import type { BatchMessage, ServerMessage } from '../../../src/protocol/messages.js';

/** 拆开之后的一条 */
export type SingleMessage = Exclude<ServerMessage, BatchMessage>;

/** 按次序; 除 batch 外恰好一条。服务器的帧由契约保证形状, 不认识的 type 原样给出, 由接收者忽略 */
export function messagesIn(frame: string): readonly SingleMessage[] {
  const message = JSON.parse(frame) as ServerMessage;
  return message.type === 'batch' ? message.messages : [message];
}
