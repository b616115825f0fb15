// WebSocket 的握手 (RFC 6455 第 4.2 节): uWS 只看有没有 24 个字符的 Sec-WebSocket-Key, 其余在这里
import { AppError } from '../protocol/errors.js';
import type { AnswerOptions } from './http.js';
import type { HeaderReader } from './origin.js';

const VERSION = '13';
// 16 个字节的 Base64
const KEY_PATTERN = /^[A-Za-z0-9+/]{22}==$/;

/** 请求是否要升级到 WebSocket, 不论写得对不对 */
export function wantsWebSocket(header: HeaderReader): boolean {
  return /(?:^|,)\s*websocket\s*(?:,|$)/i.test(header('upgrade'));
}

/** 错误: upgrade_required (没有要求升级, 或版本不是 13), invalid_field (密钥不合法) */
export function requireHandshake(header: HeaderReader): void {
  if (!wantsWebSocket(header) || header('sec-websocket-version') !== VERSION)
    throw new AppError('upgrade_required');
  if (!KEY_PATTERN.test(header('sec-websocket-key')))
    throw new AppError('invalid_field', { detail: 'Sec-WebSocket-Key 不合法' });
}

/** 握手错误的应答头: 426 须说明要升级到什么 (RFC 9110 第 15.5.22 节) */
export function handshakeAnswer(error: unknown): AnswerOptions {
  if (!(error instanceof AppError) || error.code !== 'upgrade_required') return {};
  return { headers: { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': VERSION } };
}
