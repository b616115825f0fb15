// 一个人的公开标识 (消息里的 from): 短, 念得出, 由会话的散列得出, 所以重启之后不变

const LENGTH = 8;
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
// Crockford 的 32 个: 没有易混的 i l o u
const READABLE = '0123456789abcdefghjkmnpqrstvwxyz';

/** id: base64url 的散列 (SessionTokens)。8 个字符即 40 位: 凑出与别人相同的, 平均要加入一万亿次 */
export function personTag(id: string): string {
  let tag = '';
  for (const digit of id.slice(0, LENGTH)) tag += READABLE[BASE64URL.indexOf(digit) % READABLE.length];
  return tag;
}
