// 随机编号; 不用 crypto.randomUUID: 局域网的 http 页面里没有它

/** 32 个十六进制字符, 可作 clientId */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
