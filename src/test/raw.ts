// 测试用的裸 TCP 客户端: 发得出不合规矩的字节, 看得到关闭码之前的一切
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';

const WAIT_MS = 60_000;

/** 测试结束时断开; 一个测试里开几万条的自己断开, 给一个什么也不做的 */
export type Teardown = { after(task: () => void): void };

export class RawClient {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  ended = false;
  readonly #wakes = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    const wake = (): void => {
      for (const each of [...this.#wakes]) each();
    };
    socket.on('data', (bytes) => {
      this.received = Buffer.concat([this.received, bytes]);
      wake();
    });
    // 被重置也是断开
    socket.on('error', () => {});
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.ended = true;
        wake();
      });
    }
  }

  /** localAddress: 从本机的哪个地址连出去; 按地址的上限据此区分 */
  static async open(t: Teardown, port: number, localAddress = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    t.after(() => socket.destroy());
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  /** 连接并升级到 WebSocket */
  static async upgrade(t: Teardown, port: number, path = '/', localAddress?: string): Promise<RawClient> {
    const client = await RawClient.open(t, port, localAddress);
    const key = randomBytes(16).toString('base64');
    client.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await client.until(() => client.received.includes('\r\n\r\n'));
    if (!client.received.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error('升级被拒');
    return client;
  }

  write(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** 等到条件成立; 断开时也返回 (由测试判断) */
  async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!condition() && !this.ended) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`等不到; 已收到: ${this.received.toString('latin1').slice(-500)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, leftMs);
        const wakes = this.#wakes;
        function wake(): void {
          clearTimeout(timer);
          wakes.delete(wake);
          resolve();
        }
        wakes.add(wake);
      });
    }
  }

  /** 等到对方断开 */
  async close(): Promise<void> {
    await this.until(() => false);
  }
}

export interface FrameOptions {
  readonly fin?: boolean;
  /** 客户端的帧必须掩码; false 就是不合规矩的 */
  readonly mask?: boolean;
  /** 头里声明的长度; 省略时如实 */
  readonly claim?: number;
}

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** 编一个客户端帧 (RFC 6455 第 5.2 节) */
export function frame(opcode: number, payload: string | Uint8Array, options: FrameOptions = {}): Buffer {
  const { fin = true, mask = true } = options;
  const body = Buffer.from(payload as string);
  const length = options.claim ?? body.length;
  const extended = length > 65_535 ? 8 : length > 125 ? 2 : 0;
  const header = Buffer.alloc(2 + extended);
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = (mask ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  if (!mask) return Buffer.concat([header, body]);
  const key = randomBytes(4);
  const masked = body.map((byte, index) => byte ^ key[index % 4]!);
  return Buffer.concat([header, key, masked]);
}

export interface Refusal {
  readonly status: number;
  readonly body: { readonly error?: { readonly code?: string; readonly message?: string } };
}

/** 升级一次, 期望被拒; 得到状态码与 JSON 应答。被接受时 status 为 101 */
export function tryUpgrade(
  port: number,
  headers: Readonly<Record<string, string>> = {},
  path = '/',
): Promise<Refusal> {
  return new Promise((resolve, reject) => {
    const call = request({
      host: '127.0.0.1',
      port,
      path,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        'Sec-WebSocket-Version': '13',
        ...headers,
      },
    });
    call.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, body: {} });
    });
    call.on('response', (response) => {
      let text = '';
      response.on('data', (bytes) => {
        text += bytes;
      });
      response.on('end', () => {
        const body = text === '' ? {} : (JSON.parse(text) as Refusal['body']);
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    call.on('error', reject);
    call.end();
  });
}
