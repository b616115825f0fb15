// 一次 HTTP 上传: multipart 表单, 或整个正文就是文件; Sluice 与各对照组收到的字节完全相同
import { outcomeOf, type RequestBody, sendBody } from './body-upload.js';
import type { HttpExchange } from './http-client.js';
import { nowMs, type UploadJob, type UploadResult } from './upload-job.js';

const BOUNDARY = '----sluice-bench-8d1f6c2ab7e94b53';

/** 连接已建立后才计时: 握手不属于传输 */
export async function uploadOverHttp(
  job: UploadJob,
  fd: number,
  exchange: HttpExchange,
): Promise<UploadResult> {
  const body = job.door === 'raw' ? rawBody(job) : formBody(job);
  const startedMs = nowMs();
  const { response, sentBytes } = await sendBody(job, fd, exchange, body);
  return { ...outcomeOf(response), elapsedMs: nowMs() - startedMs, sentBytes };
}

function formBody(job: UploadJob): RequestBody {
  const preamble =
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\n${job.userName}\r\n` +
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bench.bin"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n';
  const tail = `\r\n--${BOUNDARY}--\r\n`;
  const contentLength = Buffer.byteLength(preamble) + job.sendBytes + tail.length;
  const head = postHead(job, `multipart/form-data; boundary=${BOUNDARY}`, contentLength);
  return { head: Buffer.from(head + preamble), tail: Buffer.from(tail) };
}

function rawBody(job: UploadJob): RequestBody {
  return {
    head: Buffer.from(postHead(job, 'application/octet-stream', job.sendBytes)),
    tail: Buffer.alloc(0),
  };
}

function postHead({ target }: UploadJob, contentType: string, contentLength: number): string {
  return (
    `POST /api/files HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\n` +
    `Content-Type: ${contentType}\r\nContent-Length: ${contentLength}\r\n\r\n`
  );
}
