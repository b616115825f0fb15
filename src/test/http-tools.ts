// HTTP 测试的工具: 手工拼 multipart, 裸 socket, curl 子进程; 不用服务器的代码
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Message } from './client.js';
import { type Running, storedFiles } from './harness.js';

/** 表单的一段: 有 fileName 的是文件; disposition 原样代替整个 Content-Disposition 的参数 */
export interface Part {
  readonly field?: string;
  readonly fileName?: string;
  readonly disposition?: string;
  readonly type?: string;
  readonly data: Uint8Array | string;
}

export const BOUNDARY = 'xYzBoundary7';

/** multipart/form-data 的请求体; 逐字节可控, 不经 FormData */
export function multipart(parts: readonly Part[], boundary = BOUNDARY): Buffer {
  const blocks = parts.flatMap((part) => [
    `--${boundary}\r\nContent-Disposition: form-data; ${dispositionOf(part)}\r\n`,
    part.type === undefined ? '\r\n' : `Content-Type: ${part.type}\r\n\r\n`,
    part.data,
    '\r\n',
  ]);
  return Buffer.concat([...blocks, `--${boundary}--\r\n`].map((block) => Buffer.from(block as string)));
}

function dispositionOf({ field, fileName, disposition }: Part): string {
  if (disposition !== undefined) return disposition;
  if (fileName === undefined) return `name="${field ?? 'name'}"`;
  return `name="${field ?? 'file'}"; filename="${fileName}"`;
}

export const formHeaders = (boundary = BOUNDARY): Record<string, string> => ({
  'Content-Type': `multipart/form-data; boundary=${boundary}`,
});

/** 用 node 的 fetch 上传 */
export function post(
  http: string,
  parts: readonly Part[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const init = { method: 'POST', headers: { ...formHeaders(), ...headers }, body: multipart(parts) };
  return fetch(`${http}/api/files`, init);
}

/** 上传成功后的 file 消息 */
export async function publish(
  http: string,
  files: readonly { readonly fileName: string; readonly data: Uint8Array | string; readonly type?: string }[],
  name = '上传者',
): Promise<Message[]> {
  const response = await post(http, [{ data: name }, ...files]);
  const body = (await response.json()) as { files: Message[] };
  if (response.status !== 201) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return body.files;
}

export async function publishOne(
  http: string,
  fileName: string,
  data: Uint8Array | string,
  type?: string,
): Promise<Message> {
  const [file] = await publish(http, [{ fileName, data, ...(type === undefined ? {} : { type }) }]);
  if (file === undefined) throw new Error('应答里没有文件');
  return file;
}

// 远大于环回上两端的套接字缓冲
const UNREAD_BYTES = 30 * 1024 * 1024;

/** 一个没有人读的下载: 停机等着它 (至多 server.stopGraceMs), 期间可以慢慢看; 返回放开的函数 */
export async function unreadDownload(
  t: TestContext,
  { http, port }: Pick<Running, 'http' | 'port'>,
): Promise<() => void> {
  const { url } = await publishOne(http, '没人读.bin', Buffer.alloc(UNREAD_BYTES));
  const raw = await RawSocket.open(t, port);
  raw.write(`GET ${new URL(String(url)).pathname} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await raw.atLeast(1);
  raw.socket.pause();
  return () => raw.socket.destroy();
}

/** 错误应答的错误码; 顺带核对它确实是约定的 JSON */
export async function errorCode(response: Response): Promise<string> {
  if (!response.headers.get('content-type')?.startsWith('application/json')) throw new Error('错误不是 JSON');
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  if (typeof error.message !== 'string') throw new Error('错误没有说明');
  return error.code;
}

/** 存储目录里的数据文件 (不含历史日志之类的固定文件) */
export async function dataFiles(storage: string): Promise<string[]> {
  const files = await storedFiles(storage);
  return files.filter((file) => /^(?:files|meta|partial|thumbs)[/\\]/.test(file));
}

/** 裸 TCP 连接; 测试结束时销毁 */
export class RawSocket {
  readonly socket: Socket;
  #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.#chunks.push(bytes);
      this.#bytes += bytes.length;
    });
    // 被对方重置也算关闭
    socket.on('error', () => {});
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async open(t: TestContext, port: number): Promise<RawSocket> {
    const raw = new RawSocket(connect({ port, host: '127.0.0.1' }));
    t.after(() => raw.socket.destroy());
    await once(raw.socket, 'connect');
    return raw;
  }

  write(data: string | Uint8Array): this {
    this.socket.write(data);
    return this;
  }

  /** 等到至少收下这么多字节 (自上次取走应答起) */
  async atLeast(bytes: number): Promise<void> {
    while (this.#bytes < bytes) {
      if (this.socket.destroyed)
        throw new Error(`连接已断, 只收到 ${this.#bytes} 字节: ${this.#peek().slice(0, 500)}`);
      await Promise.race([new Promise((resolve) => this.socket.once('data', resolve)), this.#closed]);
    }
  }

  /** 等一个完整的应答 (按 Content-Length; HEAD 的没有应答体) 并取走; 一个字节一个字符 (latin1) */
  async answer(method = 'GET'): Promise<string> {
    let length = Number.POSITIVE_INFINITY;
    for (let bytes = 1; length === Number.POSITIVE_INFINITY; bytes = this.#bytes + 1) {
      await this.atLeast(bytes);
      length = responseLength(this.#peek(), method);
    }
    await this.atLeast(length);
    const all = this.#peek();
    this.#chunks = [Buffer.from(all.slice(length), 'latin1')];
    this.#bytes = all.length - length;
    return all.slice(0, length);
  }

  /** 等到对方关闭; 返回收下的全部 */
  async end(): Promise<string> {
    await this.#closed;
    return this.#peek();
  }

  #peek(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }
}

/** 发一段原文, 等到一个完整的应答 */
export async function rawRequest(t: TestContext, port: number, text: string | Uint8Array): Promise<string> {
  const raw = await RawSocket.open(t, port);
  const answer = await raw.write(text).answer();
  raw.socket.destroy();
  return answer;
}

/** 开头的应答占多少字节; 头还不全时为 Infinity */
export function responseLength(received: string, method = 'GET'): number {
  const head = received.indexOf('\r\n\r\n');
  if (head < 0) return Number.POSITIVE_INFINITY;
  const length = /^content-length: (\d+)/im.exec(received.slice(0, head + 2))?.[1];
  return head + 4 + (method === 'HEAD' ? 0 : Number(length ?? 0));
}

export const bodyOf = (answer: string): Buffer =>
  Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1');

export interface CurlResult {
  readonly code: number | null;
  readonly status: string;
  readonly body: string;
}

/** 一个真正独立的实现: 系统里的 curl */
export async function curl(args: readonly string[]): Promise<CurlResult> {
  const child = spawn('curl', ['-sS', '--noproxy', '*', '-w', '\n%{http_code}', ...args]);
  const [output] = await Promise.all([collect(child), once(child, 'close')]);
  const cut = output.lastIndexOf('\n');
  return { code: child.exitCode, status: output.slice(cut + 1), body: output.slice(0, cut) };
}

async function collect(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const bytes of child.stdout ?? []) text += bytes;
  return text;
}

/** 进程 /proc/PID/status 的一项, 字节 */
export async function processBytes(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  if (kib === undefined) throw new Error(`没有 ${field}`);
  return Number(kib) * 1024;
}

/** 进程打开着的, 位于存储目录之内的文件个数; 消息日志与锁总开着, 不算 */
export async function openFilesUnder(pid: number, folder: string): Promise<number> {
  const names = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  const inside = (target: string): boolean => target.startsWith(folder + path.sep);
  const standing = ['history', '.lock'].map((name) => path.join(folder, name));
  return targets.filter((target) => inside(target) && !standing.some((name) => target.startsWith(name)))
    .length;
}

/** 等到条件成立; 只用于没有事件可等的外部状态 (磁盘, /proc) */
export async function eventually(what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`没有等到: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
