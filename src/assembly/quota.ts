// 装配按地址的配额: 由设置得出各项上限; 第一次拒绝内网来的地址时记一行日志
import type { Config } from '../config.js';
import type { Logger } from '../log.js';
import { type QuotaLimits, quotaLimits, type Rate } from '../quota/limits.js';
import { LocalQuota } from '../quota/local-quota.js';
import type { AddressQuota, Visitor } from '../quota/ports.js';
import { Networks } from '../transport/networks.js';

// 服务器重启, 无线网断一下: 一个地址的人会一齐再连; 每人聊天与传输各一条
const CONNECTS_PER_PERSON = 2;
// 浏览器打开网页另有几条 HTTP 的
const SOCKETS_PER_PERSON = 8;
const REFUSED_PRIVATE =
  '按地址的上限拒绝了一个内网地址 (只提醒这一次). 它若是反向代理, 写进 server.trustedProxies; ' +
  '若是许多人共用的出口, 写进 server.trustedAddresses, 或调大这一项设置';

/** now: 单调时钟, 毫秒 */
export function createQuota(config: Config, log: Logger, now: () => number): AddressQuota {
  return new LocalQuota({ limits: limitsByAddress(config), now, refused: noticeRefusals(log) });
}

/** 拒绝时调用: 第一次拒绝内网来的地址时记一行 */
export function noticeRefusals(log: Logger): (visitor: Visitor, setting: string) => void {
  const networks = Networks.private();
  let isTold = false;
  return ({ address }, setting) => {
    if (isTold || !networks.includes(wholeAddress(address))) return;
    isTold = true;
    log.warn({ event: 'address_refused', address, setting }, REFUSED_PRIVATE);
  };
}

/** 各项上限; 错误: Error (某一行的设置不存在, 是程序的错) */
export function limitsByAddress(config: Config): QuotaLimits {
  const limits = quotaLimits((setting) => settingOf(config, setting));
  const { rates } = limits;
  const people = config.server.connectionsPerAddress;
  // 压测不限每个会话的, 也就不限它们合起来的
  const isUnlimited = config.chat.messagesPerSecond === 0;
  return {
    ...limits,
    rates: {
      ...rates,
      connects: atLeast(rates.connects, CONNECTS_PER_PERSON * people),
      sockets: atLeast(rates.sockets, SOCKETS_PER_PERSON * people),
      messages: isUnlimited ? { ...rates.messages, perSecond: 0 } : rates.messages,
      textBytes: isUnlimited ? { ...rates.textBytes, perSecond: 0 } : rates.textBytes,
    },
  };
}

const atLeast = (rate: Rate, burst: number): Rate => ({ ...rate, burst: Math.max(rate.burst, burst) });

function settingOf(config: Config, setting: string): number {
  const [section = '', name = ''] = setting.split('.');
  const values = new Map<string, unknown>(Object.entries(config[section as keyof Config]));
  const value = values.get(name);
  if (typeof value !== 'number') throw new Error(`没有设置 ${setting}`);
  return value;
}

// IPv6 的键只有前四组
function wholeAddress(key: string): string {
  return key.includes(':') ? `${key}::` : key;
}
