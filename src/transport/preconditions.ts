// 条件请求 (RFC 9110 第 13 节): 先 If-Match, 再 If-None-Match; 没有 Last-Modified, 按日期的两个都不看
import { AppError } from '../protocol/errors.js';

/** If-None-Match 是否包含 etag: 星号, 或名单里有它 (弱比较); 没有这个头时为 '' */
export function isFresh(ifNoneMatch: string, etag: string): boolean {
  return tagsIn(ifNoneMatch).some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
}

/** If-Match 须是星号, 或含 etags 之一 (强比较: 弱的从不相符); 没有这个头时为 ''。错误: precondition_failed */
export function requireMatch(ifMatch: string, etags: readonly string[]): void {
  if (ifMatch === '' || tagsIn(ifMatch).some((tag) => tag === '*' || etags.includes(tag))) return;
  throw new AppError('precondition_failed');
}

function tagsIn(header: string): string[] {
  return header.split(',').map((item) => item.trim());
}
