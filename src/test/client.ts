// 测试用的独立客户端: 只凭协议与 ws 包, 不用服务器的代码
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type ClientOptions, WebSocket } from 'ws';
import { atEnd } from './harness.js';

/** 线上收到的任意消息; 测试按需取字段 */
export type Message = { readonly type: string } & Readonly<Record<string, unknown>>;
type Match = string | ((message: Message) => boolean);

// 等不到就报错, 附上已收到的消息; 远大于正常延迟, 不是计时断言
const WAIT_MS = 20_000;

export class Client {
  readonly socket: WebSocket;
  /** 收到的全部消息, 按次序 */
  readonly messages: Message[] = [];
  /** 断开之后的关闭码与原因 */
  closed: { code: number; reason: string } | undefined;
  #cursor = 0;
  readonly #wakes = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(data.toString()) as Message);
      this.#wake();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
    socket.on('error', () => this.#wake());
  }

  /** 只连接, 不加入。测试结束时断开 */
  static async open(t: TestContext, url: string, options: ClientOptions = {}): Promise<Client> {
    const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    const client = new Client(socket);
    // 先于服务器停止: 它不必再花时间道别
    atEnd(t, () => terminate(socket));
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** 连接并加入, 等到 welcome 与自己的 join */
  static async join(
    t: TestContext,
    url: string,
    name: string,
    extra: Readonly<Record<string, unknown>> = {},
    options: ClientOptions = {},
  ): Promise<Client> {
    const client = await Client.open(t, url, options);
    client.send({ type: 'user_update', action: 'join', name, ...extra });
    await client.next('welcome');
    return client;
  }

  get welcome(): Message {
    const found = this.messages.find(({ type }) => type === 'welcome');
    if (found === undefined) throw new Error('还没有 welcome');
    return found;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  sendRaw(data: string | Uint8Array, binary = typeof data !== 'string'): void {
    this.socket.send(data, { binary });
  }

  /** 协议 6.3 的二进制分片 */
  sendChunk(uploadId: string, offset: number, data: Uint8Array): void {
    const header = Buffer.alloc(25);
    header[0] = 1;
    Buffer.from(uploadId.replaceAll('-', ''), 'hex').copy(header, 1);
    header.writeBigUInt64BE(BigInt(offset), 17);
    this.sendRaw(Buffer.concat([header, data]), true);
  }

  /** 协议 6.2 的 Base64 分片 */
  sendBase64Chunk(uploadId: string, offset: number, data: Uint8Array): void {
    this.send({ type: 'file_chunk', uploadId, offset, data: Buffer.from(data).toString('base64') });
  }

  /** 从上次读到之处起, 下一条符合的消息; 连接断开或超时则报错 */
  async next(match: Match): Promise<Message> {
    const found = await this.#until(() => this.#take(match));
    if (found !== undefined) return found;
    throw new Error(
      `没有等到 ${String(match)}; 关闭: ${JSON.stringify(this.closed)}, 收到: ${JSON.stringify(this.messages.slice(-8)).slice(0, 4000)}`,
    );
  }

  /** 下一条 error, 并核对错误码 */
  async error(code: string): Promise<Message> {
    const message = await this.next('error');
    if (message['code'] !== code) throw new Error(`期望 ${code}, 得到 ${JSON.stringify(message)}`);
    return message;
  }

  /** 等到连接断开 */
  async close(): Promise<{ code: number; reason: string }> {
    await this.#until(() => this.closed);
    if (this.closed === undefined) throw new Error('连接没有断开');
    return this.closed;
  }

  /** 一来一回: 回来时, 之前发出的都已被处理。用一个必然报错的消息, 不惊动别人 */
  async settle(): Promise<void> {
    const type = `ping-${Math.random()}`;
    this.send({ type });
    await this.#until(() =>
      this.messages.find((m) => m.type === 'error' && String(m['message']).includes(type)),
    );
  }

  /** 收到的某一类消息 */
  of(type: string): Message[] {
    return this.messages.filter((message) => message.type === type);
  }

  #take(match: Match): Message | undefined {
    const test = typeof match === 'string' ? (message: Message) => message.type === match : match;
    for (let index = this.#cursor; index < this.messages.length; index += 1) {
      const message = this.messages[index];
      if (message === undefined || !test(message)) continue;
      this.#cursor = index + 1;
      return message;
    }
    return undefined;
  }

  async #until<T>(probe: () => T | undefined): Promise<T | undefined> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const found = probe();
      if (found !== undefined || this.closed !== undefined || Date.now() > deadline) return found;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, deadline - Date.now() + 1);
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

  #wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}

async function terminate(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  const gone = new Promise((resolve) => socket.once('close', resolve));
  socket.terminate();
  await gone;
}

export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/**
 * 按窗口发送 data 的 [offset, end) (二进制或 Base64), 等到全部确认。
 * 返回最后确认的偏移。
 */
export async function sendWindowed(
  client: Client,
  ready: Message,
  data: Uint8Array,
  options: { base64?: boolean; end?: number; chunkBytes?: number } = {},
): Promise<number> {
  const uploadId = String(ready['uploadId']);
  const windowBytes = Number(ready['windowBytes']);
  const chunkBytes = options.chunkBytes ?? Number(ready['chunkBytes']);
  const end = options.end ?? data.byteLength;
  let offset = Number(ready['offset']);
  let acknowledged = offset;
  while (acknowledged < end) {
    while (offset < end && offset + Math.min(chunkBytes, end - offset) - acknowledged <= windowBytes) {
      const chunk = data.subarray(offset, Math.min(offset + chunkBytes, end));
      if (options.base64 === true) client.sendBase64Chunk(uploadId, offset, chunk);
      else client.sendChunk(uploadId, offset, chunk);
      offset += chunk.byteLength;
    }
    const ack = await client.next((m) => m.type === 'file_ack' && m['uploadId'] === uploadId);
    acknowledged = Number(ack['offset']);
  }
  return acknowledged;
}
