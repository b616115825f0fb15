// 一次 multipart 上传: 一个带 Content-Length 的 POST; Sluice 与 multer 收到的字节完全相同
import type { HttpExchange, HttpResponse } from './http-client.js';
import { PlainEncoder } from './slice-encoders.js';
import { pump } from './slice-pump.js';
import { nowMs, type UploadJob, type UploadResult } from './upload-job.js';

const BOUNDARY = '----sluice-bench-8d1f6c2ab7e94b53';
/** 这么久 (毫秒) 没有任何进展就断开: 服务器无响应时压测不会挂住 */
const STALL_TIMEOUT_MS = 120_000;

/** 连接已建立后才计时: 握手不属于传输 */
export async function uploadMultipart(
  job: UploadJob,
  fd: number,
  exchange: HttpExchange,
): Promise<UploadResult> {
  const { head, tail } = envelope(job);
  let answered = false;
  const settled = exchange.response.then(
    () => {
      answered = true;
    },
    () => {
      answered = true;
    },
  );
  const startedMs = nowMs();
  const timer = setTimeout(() => exchange.close(), STALL_TIMEOUT_MS);
  await exchange.write([head]);
  const sentBytes = await pump({
    fd,
    fileBytes: job.fileBytes,
    sendBytes: job.sendBytes,
    encoders: [new PlainEncoder(), new PlainEncoder()],
    gate() {
      timer.refresh();
      return undefined;
    },
    // 服务器可能提前拒绝并停止读取: 写出不再完成, 由应答或断线来结束等待
    write: (pieces) => Promise.race([exchange.write(pieces).catch(() => {}), settled]),
    stopped: () => answered,
  });
  if (!answered) await Promise.race([exchange.write([tail]).catch(() => {}), settled]);
  const response = await exchange.response.catch((error: Error) => error);
  clearTimeout(timer);
  return { ...outcomeOf(response), elapsedMs: nowMs() - startedMs, sentBytes };
}

function envelope(job: UploadJob): { head: Buffer; tail: Buffer } {
  const preamble =
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\n${job.userName}\r\n` +
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bench.bin"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n';
  const tail = `\r\n--${BOUNDARY}--\r\n`;
  const contentLength = Buffer.byteLength(preamble) + job.sendBytes + tail.length;
  const head =
    `POST /api/files HTTP/1.1\r\nHost: ${job.target.host}:${job.target.port}\r\n` +
    `Content-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: ${contentLength}\r\n\r\n`;
  return { head: Buffer.from(head + preamble), tail: Buffer.from(tail) };
}

interface FilesReply {
  readonly files?: readonly { readonly url?: string; readonly sha256?: string }[];
  readonly error?: { readonly code: string };
}

function outcomeOf(response: HttpResponse | Error): Pick<UploadResult, 'outcome' | 'url' | 'sha256'> {
  if (response instanceof Error) return { outcome: `disconnected: ${response.message}` };
  const reply = parseReply(response.body);
  if (response.status !== 201) return { outcome: reply.error?.code ?? `http_${response.status}` };
  const file = reply.files?.[0];
  return {
    outcome: 'done',
    ...(file?.url === undefined ? {} : { url: file.url }),
    ...(file?.sha256 === undefined ? {} : { sha256: file.sha256 }),
  };
}

/** 对照组与出错的服务器未必回 JSON; 那时只看状态码 */
function parseReply(body: string): FilesReply {
  try {
    return JSON.parse(body) as FilesReply;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
