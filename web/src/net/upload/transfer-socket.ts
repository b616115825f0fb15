// 传输连接 (协议 6 节): 浏览器的 WebSocket 收窄成上传用到的几样
import type {
  ErrorMessage,
  FileAckMessage,
  FileCancelledMessage,
  FileChallengeMessage,
  FileDoneMessage,
  FileReadyMessage,
} from '../../../../src/protocol/messages.js';

/** 传输连接上服务器会发来的 */
export type TransferReply =
  | FileReadyMessage
  | FileAckMessage
  | FileDoneMessage
  | FileCancelledMessage
  | FileChallengeMessage
  | ErrorMessage;

export interface TransferEvents {
  opened(): void;
  received(reply: TransferReply): void;
  /** 恰好一次, 自己 close 之后不再调用; 连不上也是它 */
  closed(code: number): void;
}

export interface TransferSocket {
  /** 交给浏览器而还没有发到网上的字节 */
  readonly bufferedAmount: number;
  send(frame: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export type ConnectTransfer = (url: string, events: TransferEvents) => TransferSocket;

/** 连接; 错误: 地址不合法时抛 SyntaxError (DOMException) */
export function connectTransfer(url: string, events: TransferEvents): TransferSocket {
  const socket = new WebSocket(url);
  const life = new AbortController();
  const options = { signal: life.signal };
  socket.addEventListener('open', () => events.opened(), options);
  socket.addEventListener('message', ({ data }) => deliver(data, events), options);
  socket.addEventListener(
    'close',
    ({ code }) => {
      life.abort();
      events.closed(code);
    },
    options,
  );
  return {
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    send: (frame) => socket.send(frame),
    close: () => {
      life.abort();
      socket.close();
    },
  };
}

function deliver(data: unknown, events: TransferEvents): void {
  // 服务器只发文本帧
  if (typeof data !== 'string') return;
  // 唯一的收窄: 我们自己的服务器, 形状由 PROTOCOL.md 的测试保证
  events.received(JSON.parse(data) as TransferReply);
}
