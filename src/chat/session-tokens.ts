// 会话令牌: 随机数加签名。重启之后仍认得出是自己签发的, 不必把会话存盘, 重发也就还是同一条消息
//   令牌 = base64url(随机 24 字节 || HMAC-SHA256(密钥, 随机数) 的前 24 字节)
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

// 192 位随机: 令牌就是身份, 不能被猜到; 192 位签名: 不能自造一个别人的
const NONCE_BYTES = 24;
const MAC_BYTES = 24;
// 48 字节恰好 64 个字符, 没有填充: 每个令牌只有一种写法
const BASE64URL = /^[\w-]{64}$/;

export class SessionTokens {
  readonly #secret: Uint8Array;

  /** secret: 至少 32 字节, 随存储目录保存; 换掉它, 先前的令牌就都成了陌生人 */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  issue(): string {
    const nonce = randomBytes(NONCE_BYTES);
    return Buffer.concat([nonce, this.#sign(nonce)]).toString('base64url');
  }

  /** 是不是这个存储目录签发过的 */
  isOurs(token: string): boolean {
    if (!BASE64URL.test(token)) return false;
    const bytes = Buffer.from(token, 'base64url');
    const nonce = bytes.subarray(0, NONCE_BYTES);
    // 定时比较: 不让应答时间透露猜对了几位
    return timingSafeEqual(bytes.subarray(NONCE_BYTES), this.#sign(nonce));
  }

  /** 令牌的散列: 落盘的只有它 */
  static senderOf(token: string): string {
    return createHash('sha256').update(token).digest('base64url');
  }

  /** 没有会话的来者 (HTTP 上传): 同一个地址的同一个名字总是同一个; 有密钥, 由它猜不出地址 */
  strangerId(address: string, name: string): string {
    return createHmac('sha256', this.#secret).update(`${address}\0${name}`).digest('base64url');
  }

  #sign(nonce: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update(nonce).digest().subarray(0, MAC_BYTES);
  }
}
