// 操作系统的错误码 -> 业务错误
import { AppError } from '../protocol/errors.js';

// 磁盘满, 超出用户配额, 超出文件系统的单文件上限
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: '磁盘满了, 请腾出空间',
  EDQUOT: '用户的磁盘配额用完了, 请腾出空间',
  EACCES: '没有权限, 请检查属主与权限',
  EPERM: '没有权限, 请检查属主与权限',
  EROFS: '文件系统是只读的',
  EISDIR: '这里应是文件, 却是文件夹; 请移走它',
  EEXIST: '这里应是文件夹, 却是文件; 请移走它',
  ENOTDIR: '它的上级应是文件夹, 却是文件; 请移走它',
  EIO: '读写出错, 请检查磁盘与系统日志',
};

/** 启动时的系统错误换成一行中文: 哪个文件, 怎么办; 别的错误原样 */
export function explainDisk(error: unknown, file: string): unknown {
  const code = errorCode(error);
  return code === undefined ? error : new Error(`${file}: ${ADVICE[code] ?? '用不了'} (${code})`);
}

/** 磁盘满变成 storage_full, 其余原样 */
export function translateDiskError(error: unknown): unknown {
  const code = errorCode(error);
  return code !== undefined && FULL_CODES.has(code) ? new AppError('storage_full') : error;
}
