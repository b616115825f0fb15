// 上传运行的规矩: 哪些错误之后上传仍在, 哪些算读不了文件, file_start 里写什么; 没有状态
import type { ErrorMessage, FileReadyMessage } from '../../../../src/protocol/messages.js';
import { RequestError } from '../requests.js';
import { retryAfterMs } from '../retry-after.js';
import type { Credentials, FileNames, RunCommand, RunOutcome } from './worker-messages.js';

const MAX_MIME_LENGTH = 128;
// 上传还在, 重新取得 offset 即可继续 (PROTOCOL.md 6.4)
const SURVIVABLE: ReadonlySet<string> = new Set(['offset_mismatch', 'window_exceeded', 'upload_unknown']);

// 秒传不成, 上传仍在: 照常传分片 (PROTOCOL.md 6.5)
const NOT_INSTANT: ReadonlySet<string> = new Set([
  'not_found',
  'checksum_mismatch',
  'rate_limited',
  'server_busy',
]);

const READ_ERRORS: ReadonlySet<string> = new Set([
  'NotReadableError',
  'NotFoundError',
  'SecurityError',
  'NotAllowedError',
]);

/** uploadId: 这次运行的, 还没有时为空串 */
export function isSurvivable({ code, ref, ...facts }: ErrorMessage, uploadId: string): boolean {
  if (ref === undefined || ref !== uploadId) return false;
  // file_end 时还缺字节: 带着 offset, 上传仍在
  return SURVIVABLE.has(code) || (code === 'size_mismatch' && 'offset' in facts);
}

/** 问或答了秒传之后的这个错误: 只是秒传不成 */
export function isNotInstant({ code, ref }: ErrorMessage, uploadId: string): boolean {
  return ref === uploadId && NOT_INSTANT.has(code);
}

/** 有凭据就是续传 */
export function startFields({ file, binary }: RunCommand, credentials: Credentials | undefined): object {
  if (credentials !== undefined) return credentials;
  const mimeType = file.type !== '' && file.type.length <= MAX_MIME_LENGTH ? { mimeType: file.type } : {};
  const encoding = binary ? 'binary' : 'base64';
  return { originalName: file.name, size: file.size, encoding, ...mimeType };
}

/** file_ready 里的名字: 发给页面的只是这两项 */
export function namesOf({ originalName, renamedFrom }: FileReadyMessage): FileNames {
  return renamedFrom === undefined ? { originalName } : { originalName, renamedFrom };
}

/** 服务器不收: 为什么, 能不能再来, 过多久 */
export function refusalOf(error: ErrorMessage): RunOutcome {
  const { code, message, retryable } = error;
  return { kind: 'refused', code, message, retryable, retryAfterMs: retryAfterMs(error) };
}

/** 没有要到网址: 断线与久不应答等重新连上, 服务器说不的照它说的 */
export function unlocated(error: unknown): RunOutcome {
  if (!(error instanceof RequestError)) return { kind: 'broken', message: String(error) };
  const { code, message, retryable, retryAfterMs: toldMs } = error;
  if (code === 'offline' || code === 'timeout') return { kind: 'cut' };
  return { kind: 'refused', code, message, retryable, retryAfterMs: toldMs };
}

/** 读文件的失败都是这几种 DOMException (File API 第 8.2 节); 其余是我们自己的 */
export function failureOf(error: unknown): RunOutcome {
  const message = error instanceof Error ? error.message : String(error);
  const isRead = error instanceof DOMException && READ_ERRORS.has(error.name);
  return { kind: isRead ? 'unreadable' : 'broken', message };
}
