// 边传边下的测试共用: 一个看得见 "到此为止收到多少, 是不是完整" 的下载
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import { Client, type Message } from './client.js';

/** 声明了 offer 的成员 */
export function joinOffering(t: TestContext, ws: string, name: string): Promise<Client> {
  return Client.join(t, ws, name, { features: ['batch', 'offer'] });
}

/** 这个文件的下一条 file_offer */
export function offerOf(client: Client, { fileId }: Message): Promise<Message> {
  return client.next((m) => m.type === 'file_offer' && m['id'] === fileId);
}

export class Reader {
  readonly response: IncomingMessage;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #closed: Promise<void>;

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
    });
    // 半路断开是这些测试要看的结果
    response.on('error', () => {});
    this.#closed = new Promise((resolve) => response.once('close', () => resolve()));
  }

  /** 发出请求, 等到应答头; 测试结束时断开 */
  static async open(
    t: TestContext,
    url: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reader> {
    const request = get(String(url), { headers, agent: false });
    t.after(() => request.destroy());
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new Reader(response);
  }

  get bytes(): number {
    return this.#bytes;
  }

  header(name: string): string | undefined {
    const value = this.response.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** 等到至少收下这么多字节 */
  async atLeast(bytes: number): Promise<void> {
    while (this.#bytes < bytes) {
      if (this.response.closed) throw new Error(`只收到 ${this.#bytes} 字节就断了`);
      await Promise.race([once(this.response, 'data'), this.#closed]);
    }
  }

  /** 等到结束或断开; whole: 收满了 Content-Length */
  async end(): Promise<{ readonly data: Buffer; readonly whole: boolean }> {
    await this.#closed;
    return { data: Buffer.concat(this.#chunks), whole: this.response.complete };
  }

  leave(): void {
    this.response.destroy();
  }
}
