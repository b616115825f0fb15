// 传一个文件上去, 再照应答里的链接下载回来, 字节数相同才算成
import { HttpExchange } from './http-client.js';
import type { Target } from './target.js';

const BOUNDARY = '----sluice-bench-soak-5e0c2f';
/** 一来一回的限期 (毫秒) */
const TURN_MS = 30_000;

/** 返回是否成功; 服务器拒绝与断线都算没成 */
export async function fileTurn(target: Target, name: string, content: Buffer): Promise<boolean> {
  const path = await upload(target, name, content);
  if (path === undefined) return false;
  return (await download(target, path)) === content.length;
}

async function upload(target: Target, name: string, content: Buffer): Promise<string | undefined> {
  const head = Buffer.from(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\n${name}\r\n` +
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="soak.bin"\r\n` +
      'Content-Type: application/octet-stream\r\n\r\n',
  );
  const tail = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  const request = Buffer.from(
    `POST /api/files HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\n` +
      `Content-Type: multipart/form-data; boundary=${BOUNDARY}\r\n` +
      `Content-Length: ${head.length + content.length + tail.length}\r\n\r\n`,
  );
  const response = await exchange(target, [request, head, content, tail]);
  if (response.status !== 201) return undefined;
  const { files } = JSON.parse(response.body) as { files: readonly { url: string }[] };
  return files[0] === undefined ? undefined : new URL(files[0].url).pathname;
}

async function download(target: Target, path: string): Promise<number> {
  const request = `GET ${path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\nConnection: close\r\n\r\n`;
  const { bodyBytes } = await exchange(target, [Buffer.from(request)], () => {});
  return bodyBytes;
}

async function exchange(
  target: Target,
  pieces: readonly Uint8Array[],
  onBody?: (bytes: Buffer) => void,
): ReturnType<typeof responseOf> {
  const http = await HttpExchange.open(target, onBody);
  const timer = setTimeout(() => http.close(), TURN_MS);
  try {
    return await responseOf(http, pieces);
  } finally {
    clearTimeout(timer);
    http.close();
  }
}

async function responseOf(http: HttpExchange, pieces: readonly Uint8Array[]) {
  // 服务器可能提前拒绝: 写不完不算错, 看应答
  http.write(pieces).catch(() => undefined);
  return http.response;
}
