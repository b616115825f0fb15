// IP 地址的写法: 头里与套接字上的各种写法 -> 一种; 以及计数用的键
import { isIP } from 'node:net';

// 1.2.3.4:5678, 以及 [v6] 与 [v6]:5678
const WITH_PORT = /^(?:([\d.]+)|\[([^\]]*)\])(?::\d{1,5})?$/;
// 双栈监听时 IPv4 的对方都写成这样; uWS 给的是展开的, 末两组是四个字节
const MAPPED_PREFIX = '0:0:0:0:0:ffff:';
const GROUPS = 8;
// 最长的写法 (展开的映射地址, 方括号, 端口) 也不到这么长
const MAX_LENGTH = 64;

/**
 * 一种写法: 去掉端口, 方括号与 zone, 映射成 IPv6 的 IPv4 还原, IPv6 展开成八组 (不带前导零)。
 * 不是 IP 地址 (unknown, _hidden, 主机名) 时为 undefined
 */
export function plainAddress(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [, v4, v6] = WITH_PORT.exec(text) ?? [];
  const bare = v4 ?? (v6 ?? text).replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 4) return v6 === undefined ? bare : undefined;
  return family === 6 ? unmapped(expand(bare)) : undefined;
}

/**
 * 计数所用的键; address 来自 plainAddress。
 * IPv4 是整个地址; IPv6 取前 64 位: 一个用户通常就有整段, 换地址不该换来新的名额
 */
export function addressKey(address: string): string {
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}

// 末尾的 IPv4 写法 (::ffff:1.2.3.4) 换成两组, 补全 "::", 去掉各组的前导零
function expand(address: string): string[] {
  const hex = address.toLowerCase().replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [left = [], right = []] = hex
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(Math.max(0, GROUPS - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right].map((group) => group.replace(/^0+(?=.)/, ''));
}

function unmapped(groups: readonly string[]): string {
  const whole = groups.join(':');
  if (!whole.startsWith(MAPPED_PREFIX)) return whole;
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
