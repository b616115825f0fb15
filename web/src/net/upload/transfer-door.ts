// 传输连接的网址: 服务器给票就用票, 会话令牌不写进网址 (它会落进代理的日志); 从前的服务器只认令牌
import type { Identity } from '../../model/connection.js';
import { RequestError } from '../requests.js';

export interface DoorPorts {
  /** 本站的 WebSocket 前缀, 如 ws://host:3000 */
  readonly origin: string;
  /** 聊天连接断开时为 undefined */
  readonly identity: () => Identity | undefined;
  /** 要一张票。错误: RequestError */
  readonly ticket: () => Promise<string>;
}

/** 每条传输连接要一个, 要了马上用: 票只有一分钟。错误: RequestError (断线, 服务器忙) */
export async function transferUrl({ origin, identity, ticket }: DoorPorts): Promise<string> {
  const known = identity();
  if (known === undefined) throw new RequestError('offline', false, '没有连上');
  const credential = known.features.includes('ticket')
    ? `ticket=${await ticket()}`
    : `session=${encodeURIComponent(known.session)}`;
  return `${origin}/ws/transfer?${credential}`;
}
