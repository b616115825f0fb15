// 服务器到客户端的 WebSocket 帧解析 (RFC 6455 第 5.2 节); 可以一次喂一个字节, 不碰 socket
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** 收到的单条消息上限 (字节); 压测里服务器只回应答, 更大就是解析错位了 */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

interface FrameHead {
  readonly opcode: number;
  readonly final: boolean;
  readonly headBytes: number;
  readonly payloadBytes: number;
}

export class FrameParser {
  readonly #onMessage: (opcode: number, payload: Buffer) => void;
  /** 不足一帧的剩余; 只在帧跨越两次读取时才复制 */
  #rest: Buffer = Buffer.alloc(0);
  #fragments: Buffer[] = [];
  #fragmentOpcode = 0;

  /** onMessage 的 payload 可能是接收缓冲的视图, 只在回调内有效 */
  constructor(onMessage: (opcode: number, payload: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  push(bytes: Buffer): void {
    let input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const head = readHead(input);
      if (head === undefined || input.length < head.headBytes + head.payloadBytes) break;
      const end = head.headBytes + head.payloadBytes;
      this.#accept(head, input.subarray(head.headBytes, end));
      input = input.subarray(end);
    }
    // 必须复制: bytes 所在的接收缓冲马上会被改写
    this.#rest = input.length === 0 ? input : Buffer.from(input);
  }

  #accept(head: FrameHead, payload: Buffer): void {
    // 控制帧可以插在分片之间, 不属于任何一条消息
    const control = head.opcode >= OPCODE.close;
    if (control || (head.final && this.#fragments.length === 0)) {
      this.#onMessage(head.opcode, payload);
      return;
    }
    if (head.opcode !== OPCODE.continuation) this.#fragmentOpcode = head.opcode;
    this.#fragments.push(Buffer.from(payload));
    if (!head.final) return;
    const whole = Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.#onMessage(this.#fragmentOpcode, whole);
  }
}

function readHead(input: Buffer): FrameHead | undefined {
  if (input.length < 2) return undefined;
  const short = input[1]! & 0x7f;
  const headBytes = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (input.length < headBytes) return undefined;
  const payloadBytes =
    short === 127 ? Number(input.readBigUInt64BE(2)) : short === 126 ? input.readUInt16BE(2) : short;
  if (payloadBytes > MAX_MESSAGE_BYTES)
    throw new Error(`收到 ${payloadBytes} 字节的帧, 超过压测客户端的上限`);
  return { opcode: input[0]! & 0x0f, final: (input[0]! & 0x80) !== 0, headBytes, payloadBytes };
}
