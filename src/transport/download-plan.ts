// 一次下载发什么: 请求的条件与目标文件 -> 状态码, 头, 文件内的一段
import { parseRange } from './range.js';

export interface Conditions {
  readonly range: string;
  readonly ifMatch: string;
  readonly ifNoneMatch: string;
  readonly ifRange: string;
  readonly forceDownload: boolean;
  readonly headOnly: boolean;
}

/** 一个可以下载的文件, 已发布的或还在上传的 */
export interface Target {
  readonly size: number;
  readonly headers: Readonly<Record<string, string>>;
  /** 强 ETag; 第一个写进应答, 其余 If-Range 也认 */
  readonly etags: readonly [string, ...string[]];
}

export interface DownloadPlan {
  readonly status: 200 | 206;
  readonly headers: Readonly<Record<string, string>>;
  /** 文件内的起点, 字节 */
  readonly start: number;
  /** 要发送的字节数, 大于 0 */
  readonly length: number;
}

/** 单段范围 -> 206, 没有或多段 -> 200 全文, 不可满足 -> undefined */
export function planRange(
  { size, etags }: Target,
  headers: Readonly<Record<string, string>>,
  { range, ifRange }: Conditions,
): DownloadPlan | undefined {
  const whole: DownloadPlan = { status: 200, headers, start: 0, length: size };
  // If-Range 不符: 内容变了 (或是日期形式, 我们不发 Last-Modified), 给全文
  if (range === '' || (ifRange !== '' && !etags.includes(ifRange))) return whole;
  const part = parseRange(range, size);
  if (part === 'unsatisfiable') return undefined;
  if (part === 'whole') return whole;
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${part.start}-${part.end}/${size}` },
    start: part.start,
    length: part.end - part.start + 1,
  };
}
