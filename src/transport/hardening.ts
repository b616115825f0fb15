// 每个应答都带的安全头: 不猜类型, 不泄露来路, 别的网站嵌不进去。写在状态行之后, 由 writeHead 统一写
import type { HttpResponse } from 'uWebSockets.js';

// JSON, 错误, 没有体的: 什么也不许加载, 谁也不许放进框里。网页与文件另有自己的
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

/**
 * 谁可以不经 CORS 把应答当作图片, 脚本之类嵌进自己的网页 (打开链接与 CORS 的请求不受影响)。
 * same-site 而不是 same-origin: 同一域名下的工具照常能用 (没有域名的, 如 IP 地址, Chromium 里只有同源的能用)
 */
export type ResourcePolicy = 'same-site' | 'cross-origin';

export function writeHardening(
  res: HttpResponse,
  headers: Readonly<Record<string, string>>,
  policy: ResourcePolicy,
): void {
  res.writeHeader('X-Content-Type-Options', 'nosniff');
  res.writeHeader('Referrer-Policy', 'no-referrer');
  res.writeHeader('Cross-Origin-Resource-Policy', policy);
  if (headers['Content-Security-Policy'] === undefined)
    res.writeHeader('Content-Security-Policy', DATA_POLICY);
}
