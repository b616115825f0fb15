// 裸 socket 上的 HTTP/1.1 请求: 一连接一请求; 上传时不等请求发完就能收到应答 (提前拒绝)
import type { Socket } from 'node:net';
import { openSocket, type Target, writeAll } from './target.js';

/** 应答头的上限 (字节) */
const MAX_HEAD_BYTES = 64 * 1024;
/** 收进内存的应答正文上限 (字节); 下载走 onBody, 不受此限 */
const MAX_BODY_BYTES = 1024 * 1024;
/** 分块编码的应答: 没有事先给出的长度 */
const CHUNKED = -1;

export interface HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** 正文字节数, 含已交给 onBody 的 */
  readonly bodyBytes: number;
  /** 正文文字; 给了 onBody 时为空 */
  readonly body: string;
}

export class HttpExchange {
  readonly response: Promise<HttpResponse>;
  readonly #onBody: ((bytes: Buffer) => void) | undefined;
  #socket: Socket | undefined;
  #settle!: { resolve(response: HttpResponse): void; reject(error: Error): void };
  #headText: Buffer = Buffer.alloc(0);
  #head: { status: number; headers: Map<string, string>; length: number } | undefined;
  #bodyBytes = 0;
  readonly #body: Buffer[] = [];

  private constructor(onBody?: (bytes: Buffer) => void) {
    this.#onBody = onBody;
    this.response = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // 写入方会先因断线失败; 应答的失败由 await response 的人处理, 不算未捕获
    this.response.catch(() => {});
  }

  /** onBody: 正文逐段交出, 只在回调内有效; 不给则收进内存 */
  static async open(target: Target, onBody?: (bytes: Buffer) => void): Promise<HttpExchange> {
    const exchange = new HttpExchange(onBody);
    const socket = await openSocket(target, (bytes) => exchange.#onBytes(bytes));
    exchange.#socket = socket;
    socket.on('error', (error) => exchange.#settle.reject(error));
    socket.on('close', () => exchange.#settle.reject(new Error('应答收完之前连接断开')));
    socket.resume();
    return exchange;
  }

  /** 内核收下后兑现 */
  write(pieces: readonly Uint8Array[]): Promise<void> {
    return writeAll(this.#socket!, pieces);
  }

  close(): void {
    this.#socket?.destroy();
  }

  #onBytes(bytes: Buffer): void {
    if (this.#head !== undefined) {
      this.#onBodyBytes(bytes);
      return;
    }
    this.#headText = Buffer.concat([this.#headText, bytes]);
    const end = this.#headText.indexOf('\r\n\r\n');
    if (end < 0) {
      if (this.#headText.length > MAX_HEAD_BYTES) this.#settle.reject(new Error('应答头过长'));
      return;
    }
    const head = parseHead(this.#headText.subarray(0, end).toString('latin1'));
    const rest = this.#headText.subarray(end + 4);
    this.#headText = Buffer.alloc(0);
    // 100 Continue 之类的中间应答, 后面还有真正的一个
    if (head.status >= 200) this.#head = head;
    this.#onBytes(rest);
  }

  #onBodyBytes(bytes: Buffer): void {
    this.#bodyBytes += bytes.length;
    if (this.#onBody !== undefined) this.#onBody(bytes);
    else if (this.#bodyBytes <= MAX_BODY_BYTES) this.#body.push(Buffer.from(bytes));
    const head = this.#head!;
    if (head.length === CHUNKED ? !endsChunked(bytes) : this.#bodyBytes < head.length) return;
    this.#settle.resolve({
      status: head.status,
      headers: head.headers,
      bodyBytes: this.#bodyBytes,
      body: Buffer.concat(this.#body).toString('utf8'),
    });
  }
}

function parseHead(text: string): { status: number; headers: Map<string, string>; length: number } {
  const [first, ...lines] = text.split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const length = headers.get('content-length');
  const chunked = length === undefined && headers.has('transfer-encoding');
  return {
    status: Number(first?.split(' ')[1]),
    headers,
    length: chunked ? CHUNKED : Number(length ?? 0),
  };
}

/** 只为 @tus/server 的短应答: 末块与前面的一起到, 内容也不解码 */
function endsChunked(bytes: Buffer): boolean {
  return bytes.subarray(-5).toString('latin1') === '0\r\n\r\n';
}
