// 上传发生器的任务与结果: 父子进程之间传递的形状
import type { Target } from './target.js';

/** raw: 正文就是文件的 POST; tus: tus 1.0, 一个 PATCH。两者只有对照组会 */
export type Door = 'multipart' | 'binary' | 'base64' | 'raw' | 'tus';

export interface UploadJob {
  readonly door: Door;
  readonly target: Target;
  readonly userName: string;
  readonly filePath: string;
  readonly fileBytes: number;
  /** 实际发送的文件字节数; 比 fileBytes 大时从头再读 */
  readonly sendBytes: number;
  /** 在 file_start 里报出的大小; null 表示不报 (长度未知的流)。multipart 忽略此项 */
  readonly announcedBytes: number | null;
  /** 收到 stop 之前反复上传 (mixed 用) */
  readonly repeat: boolean;
  /** 同一个进程里几条连接同时上传, 结果是一个数组; 不写则一条, 结果就是它自己 */
  readonly copies?: number;
  /** 至多这么快; null 或不写则全速。只对分片有效 */
  readonly bytesPerSecond?: number | null;
  /** 分片的大小 (字节); 不写则照服务器建议的。只对分片有效 */
  readonly chunkBytes?: number;
}

export interface UploadResult {
  /** done, 或服务器给出的错误码, 或 stopped (压测时间到) */
  readonly outcome: string;
  /** 从写出第一个字节到收到最终应答 (毫秒) */
  readonly elapsedMs: number;
  readonly sentBytes: number;
  /** 发生器自己在此期间用的 CPU 秒数; 接近墙上时间就是它成了瓶颈 */
  readonly generatorCpuSeconds?: number;
  readonly url?: string;
  readonly sha256?: string;
}

/** 单调时钟 (毫秒, 含小数) */
export function nowMs(): number {
  return performance.now();
}
