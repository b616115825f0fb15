// 名单测试共用: 认出某人的 join 与 leave, 数基础帧
import type { Client, Message } from './client.js';

export function isJoin(name: string): (message: Message) => boolean {
  return (m) => m.type === 'user_update' && m['action'] === 'join' && m['name'] === name;
}

export function isLeave(name: string): (message: Message) => boolean {
  return (m) => m.type === 'user_update' && m['action'] === 'leave' && m['name'] === name;
}

/** 基础帧里每个名字 join 了几次 */
export function joinCounts(client: Client): Map<string, number> {
  const counts = new Map<string, number>();
  for (const message of client.of('user_update')) {
    if (message['action'] !== 'join') continue;
    const name = String(message['name']);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
