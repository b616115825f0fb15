// 本页生成的编号; crypto.randomUUID 在不加密的局域网页面上没有, getRandomValues 有

/** 128 位随机数, 32 个十六进制字符 */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
