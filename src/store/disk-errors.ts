// 操作系统的错误码 -> 业务错误; 全部对应关系只在这里
import { AppError, type ErrorCode } from '../protocol/errors.js';

// 磁盘满, 超出用户配额, 超出文件系统的单文件上限
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
// 一时的困难: 重新挂载, 换好线缆, 句柄有人还了, 改回权限之后, 同样的一次就会成功; 数据没有错
const PASSING_CODES = new Set([
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'EBUSY',
  'ETIMEDOUT',
  'ESTALE',
  'ENODEV',
  'ENXIO',
  'EACCES',
  'EPERM',
]);

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

/** 应是文件的位置上是个文件夹 */
export function isFolder(error: unknown): boolean {
  return errorCode(error) === 'EISDIR';
}

/** 过会儿原样再试可能成功的系统错误, 磁盘满也算 */
export function isPassingDisk(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && (FULL_CODES.has(code) || PASSING_CODES.has(code));
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
  EMFILE: '进程打开的文件到了上限, 请加大 ulimit -n',
  ENFILE: '系统打开的文件到了上限',
};

/** 启动时的系统错误换成一行中文: 哪个文件, 怎么办; 别的错误原样 */
export function explainDisk(error: unknown, file: string): unknown {
  const code = errorCode(error);
  // ERR_ 开头的是 Node 自己的, 不是磁盘的
  return code === undefined || code.includes('_')
    ? error
    : new Error(`${file}: ${ADVICE[code] ?? '用不了'} (${code})`);
}

/** 没有在出错之处说明的系统错误: 路径在它自己身上; 别的错误原样 */
export function explainStray(error: unknown): unknown {
  const hasPath = error instanceof Error && 'path' in error && typeof error.path === 'string';
  return hasPath ? explainDisk(error, String(error.path)) : error;
}

/** 磁盘满变成 storage_full, 一时的困难变成 server_busy (cause 是原来的, 由边缘记进日志), 其余原样 */
export function translateDiskError(error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined || error instanceof AppError || !isPassingDisk(error)) return error;
  return new AppError(appCode(code), { detail: describe(code), cause: error });
}

/** 接在 catch 里: 换成 translateDiskError 的再抛 */
export function rethrow(error: unknown): never {
  throw translateDiskError(error);
}

/**
 * 消息日志收不下一条: 可以重试的业务错误, 说的话短而要紧, 客户端留着它过会儿再发。不是系统错误的 (我们的错) 原样。
 * 没有 cause: 由 Refusals 记一行, 不逐条记
 */
export function refuseEntry(error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined || error instanceof AppError) return error;
  return new AppError(appCode(code), { detail: describe(code), retryable: true });
}

function appCode(code: string): ErrorCode {
  return FULL_CODES.has(code) ? 'storage_full' : 'server_busy';
}

// 给用户看: 不说路径, 怎么修是管理员的事
function describe(code: string): string {
  return FULL_CODES.has(code) ? `磁盘满了 (${code})` : `磁盘此刻读写不了 (${code})`;
}
