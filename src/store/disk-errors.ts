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

/** 磁盘满变成 storage_full, 其余原样 */
export function translateDiskError(error: unknown): unknown {
  const code = errorCode(error);
  return code !== undefined && FULL_CODES.has(code) ? new AppError('storage_full') : error;
}
