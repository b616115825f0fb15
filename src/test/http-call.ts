// 一次 HTTP 请求, 可以选从哪个本机地址出去 (fetch 选不了); 每次一条新的连接
import { type IncomingHttpHeaders, request } from 'node:http';
import { formHeaders, multipart, type Part } from './http-tools.js';

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** 从哪个地址连出去, 例如 127.0.0.2 */
  readonly localAddress?: string;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** 连到 127.0.0.1 的 port; 应答收完才返回。错误: 连不上, 半路断开, signal 中止 */
export function httpCall(port: number, { path, body, ...options }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, agent: false, ...options });
    call.on('error', reject);
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (bytes: Buffer) => chunks.push(bytes));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        });
      });
    });
    call.end(body);
  });
}

/** POST /api/files 的请求 */
export function formCall(parts: readonly Part[], headers: Readonly<Record<string, string>> = {}): Call {
  const body = multipart(parts);
  return {
    method: 'POST',
    path: '/api/files',
    headers: { ...formHeaders(), 'Content-Length': String(body.length), ...headers },
    body,
  };
}
