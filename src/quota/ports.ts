// 按地址的配额: 一个陌生的地址至多占多少; 各个入口 (WebSocket, HTTP, multipart) 都向这里要
import type { RateName, ShareName } from './limits.js';

/** 被计数的一方 */
export interface Visitor {
  /** 计数用的键: IPv4 是整个地址, IPv6 是前四组 (/64) */
  readonly address: string;
  /** 在 server.trustedAddresses 里: 不按地址计数, 总的上限照旧 */
  readonly trusted: boolean;
}

/** 问的人 */
export interface Asker {
  readonly visitor: Visitor;
  /** 计数用的键: 有会话的是它的令牌 (几条连接是一个人), 没有的是他的地址 */
  readonly person: string;
  /** 没有会话 */
  readonly isGuest: boolean;
  /** 已经走了: 轮到他时不必再做 */
  readonly gone: boolean;
}

/** 轮流: 一个人, 一个地址同时做的与等着的都有上限, 其余的人不因他而等得更久或被拒 */
export interface Turns {
  /** 轮到时做 task, 给出它的结果。错误: server_busy (facts 同 AddressQuota), task 的错误 */
  run<T>(asker: Asker, task: () => Promise<T>): Promise<T>;
}

/** 占着的一份 */
export interface Held {
  /** 归还; 可重复调用 */
  release(): void;
}

/**
 * 保证: 令牌桶活得比连接久; 一个地址用尽了自己的, 不影响别的地址; 各表都有界。
 * 集群里由各结点合计的实现来替换, 调用的一方不必改。
 */
export interface AddressQuota {
  /** 取 amount 个令牌。错误: rate_limited, facts 里 setting 是哪一项设置, limit 是它的值, retryAfterMs 是多久之后再来 */
  spend(visitor: Visitor, rate: RateName, amount?: number): void;
  /** 占住 amount 份。错误: server_busy, facts 同上 */
  hold(visitor: Visitor, share: ShareName, amount?: number): Held;
  /** 还装不装得下 amount 份; 不占 */
  fits(visitor: Visitor, share: ShareName, amount?: number): boolean;
}
