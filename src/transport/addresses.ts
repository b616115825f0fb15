// 计数用的客户端地址: IPv4 整个算一个, IPv6 按网段
// IPv4, 以及写成 IPv6 的 IPv4 (双栈监听时人人都是这样)
const IPV4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i;
// uWS 给出的映射地址是展开的: 末两组是 IPv4 的四个字节
const MAPPED_PREFIX = '0:0:0:0:0:ffff:';
const GROUPS = 8;
// 伪造的头不能撑大键; IPv6 最长 45 个字符
const MAX_KEY_LENGTH = 64;

/**
 * 计数所用的键; 只有信任代理时才看 X-Forwarded-For (取最后一跳: 它是代理自己写的)。
 * IPv4 是整个地址; IPv6 取前 64 位: 一个用户通常就有整段, 换地址不该换来新的名额。
 */
export function clientAddress(remote: ArrayBuffer, forwardedFor: string, trustProxy: boolean): string {
  const forwarded = trustProxy ? forwardedFor.split(',').at(-1)?.trim() : undefined;
  return addressKey(forwarded || Buffer.from(remote).toString('latin1'));
}

function addressKey(address: string): string {
  const plain = IPV4.exec(address)?.[1];
  if (plain !== undefined) return plain;
  if (!address.includes(':')) return address.slice(0, MAX_KEY_LENGTH);
  const groups = expand(address);
  if (!groups.join(':').startsWith(MAPPED_PREFIX)) return groups.slice(0, 4).join(':');
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

// 补全 "::", 去掉各组的前导零; 不合法的写法只会得到另一个键
function expand(address: string): string[] {
  const [head = '', tail] = address.slice(0, MAX_KEY_LENGTH).toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, GROUPS - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right].map((group) => group.replace(/^0+(?=.)/, ''));
}
