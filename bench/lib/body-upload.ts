// 一个带 Content-Length 的请求, 正文取自测试文件; multipart, 原样 POST 与 tus 的 PATCH 都经过这里
import type { HttpExchange, HttpResponse } from './http-client.js';
import { PlainEncoder } from './slice-encoders.js';
import { pump } from './slice-pump.js';
import type { UploadJob } from './upload-job.js';

/** 这么久 (毫秒) 没有任何进展就断开: 服务器无响应时压测不会挂住 */
const STALL_TIMEOUT_MS = 120_000;

export interface RequestBody {
  /** 请求头, 连同正文开头不属于文件的部分 */
  readonly head: Buffer;
  /** 正文结尾不属于文件的部分; 可以为空 */
  readonly tail: Buffer;
}

export interface BodyOutcome {
  /** 断线时是 Error */
  readonly response: HttpResponse | Error;
  readonly sentBytes: number;
}

/** 发完 (或服务器提前作答, 或断线) 才返回; 保证: 不抛出服务器一侧的失败 */
export async function sendBody(
  job: UploadJob,
  fd: number,
  exchange: HttpExchange,
  { head, tail }: RequestBody,
): Promise<BodyOutcome> {
  let answered = false;
  const settled = exchange.response.then(
    () => {
      answered = true;
    },
    () => {
      answered = true;
    },
  );
  const timer = setTimeout(() => exchange.close(), STALL_TIMEOUT_MS);
  // 服务器可能提前拒绝并停止读取: 写出不再完成, 由应答或断线来结束等待
  const write = (pieces: readonly Uint8Array[]): Promise<void> =>
    Promise.race([exchange.write(pieces).catch(() => {}), settled]);
  await write([head]);
  const sentBytes = await pump({
    fd,
    fileBytes: job.fileBytes,
    sendBytes: job.sendBytes,
    encoders: [new PlainEncoder(), new PlainEncoder()],
    gate() {
      timer.refresh();
      return undefined;
    },
    write,
    stopped: () => answered,
  });
  if (!answered && tail.length > 0) await write([tail]);
  const response = await exchange.response.catch((error: Error) => error);
  clearTimeout(timer);
  return { response, sentBytes };
}

interface FilesReply {
  readonly files?: readonly { readonly url?: string; readonly sha256?: string }[];
  readonly error?: { readonly code: string };
}

/** 应答 -> 结局: 201 是 done, 其余是错误码或状态码 */
export function outcomeOf(response: HttpResponse | Error): {
  readonly outcome: string;
  readonly url?: string;
  readonly sha256?: string;
} {
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
