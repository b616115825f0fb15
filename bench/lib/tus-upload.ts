// 一次 tus 1.0 上传: POST 建立, 再用一个 PATCH 送完全部内容 (对 tus 最省的走法)
import { sendBody } from './body-upload.js';
import { HttpExchange, type HttpResponse } from './http-client.js';
import { nowMs, type UploadJob, type UploadResult } from './upload-job.js';

/** 从 POST 起计时, 建立也是上传的一部分; PATCH 走 patchExchange (事先连好, 省去一次握手) */
export async function uploadTus(
  job: UploadJob,
  fd: number,
  patchExchange: HttpExchange,
): Promise<UploadResult> {
  const startedMs = nowMs();
  const finish = (outcome: string, sentBytes = 0): UploadResult => ({
    outcome,
    elapsedMs: nowMs() - startedMs,
    sentBytes,
  });
  const created = await create(job);
  const location = created.headers.get('location');
  if (created.status !== 201 || location === undefined) return finish(`http_${created.status}`);
  const { pathname } = new URL(location, `http://${job.target.host}:${job.target.port}`);
  const head = requestHead(job, `PATCH ${pathname}`, [
    'Content-Type: application/offset+octet-stream',
    'Upload-Offset: 0',
    `Content-Length: ${job.sendBytes}`,
  ]);
  const { response, sentBytes } = await sendBody(job, fd, patchExchange, { head, tail: Buffer.alloc(0) });
  if (response instanceof Error) return finish(`disconnected: ${response.message}`, sentBytes);
  const complete = response.headers.get('upload-offset') === String(job.sendBytes);
  return finish(response.status === 204 && complete ? 'done' : `http_${response.status}`, sentBytes);
}

async function create(job: UploadJob): Promise<HttpResponse> {
  const exchange = await HttpExchange.open(job.target);
  try {
    await exchange.write([
      requestHead(job, 'POST /files/', [`Upload-Length: ${job.sendBytes}`, 'Content-Length: 0']),
    ]);
    return await exchange.response;
  } finally {
    exchange.close();
  }
}

function requestHead({ target }: UploadJob, request: string, headers: readonly string[]): Buffer {
  const lines = [`${request} HTTP/1.1`, `Host: ${target.host}:${target.port}`, 'Tus-Resumable: 1.0.0'];
  return Buffer.from(`${[...lines, ...headers].join('\r\n')}\r\n\r\n`);
}
