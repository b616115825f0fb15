// 一个字节都还没动时的判断: 收不收, 走单帧还是分片; 规则与服务器的 src/files 相同, 它还会再查一遍
import type { Limits } from '../../../../src/protocol/messages.js';
import type { TransferErrorCode } from '../../model/transfers.js';

/** GET /api/limits 的应答 */
export interface UploadLimits {
  readonly limits: Limits;
  /** 小写, 不带点 */
  readonly blockedExtensions: readonly string[];
}

/** 不超过它的走聊天连接上的一帧, 字节: 一次往返就完成, 又不至于挡住聊天 */
export const SMALL_FILE_BYTES = 256 * 1024;

// NTFS 数据流: "a.exe::$DATA" 打开的就是 a.exe
const DATA_STREAM = /:[^:]*:\$data.*$/is;
// 看不见的字符: 藏在扩展名里也照拦
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029\uFFF9-\uFFFB]/gu;
const EXTENSION = /\.([A-Za-z0-9]{1,16})$/;

export function refusal(
  file: { readonly name: string; readonly size: number },
  { limits, blockedExtensions }: UploadLimits,
): TransferErrorCode | undefined {
  if (file.size > limits.fileBytes) return 'file_too_large';
  return blockedExtensions.includes(lastExtension(file.name)) ? 'file_type_forbidden' : undefined;
}

/** Base64 多出三分之一, 信封另算: 按 3/4 留 */
export function fitsOneFrame(size: number, limits: Limits): boolean {
  return size <= Math.min(SMALL_FILE_BYTES, (limits.frameBytes * 3) / 4);
}

/** 拦不拦所看的扩展名, 小写, 不带点; 没有则为 ''。全角当作半角; 结尾的点与空白不算: Windows 会丢掉它们 */
export function lastExtension(name: string): string {
  const plain = name.normalize('NFKC').replace(UNSEEN, '');
  const clean = trimEnd(plain.replace(DATA_STREAM, ''));
  return EXTENSION.exec(clean)?.[1]?.toLowerCase() ?? '';
}

// 手写循环: 同义的正则在一长串点上是平方时间
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === '.' || text[end - 1]?.trim() === '')) end--;
  return text.slice(0, end);
}
