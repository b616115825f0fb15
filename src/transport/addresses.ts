// 每个地址的连接数; 归零即删, 表的大小不超过连接数
export class Addresses {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  isFull(address: string): boolean {
    return (this.#counts.get(address) ?? 0) >= this.#limit;
  }

  add(address: string): void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }

  remove(address: string): void {
    const left = (this.#counts.get(address) ?? 0) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}

/** 客户端地址的文本; 只有信任代理时才看 X-Forwarded-For (取最后一跳: 它是代理自己写的) */
export function clientAddress(remote: ArrayBuffer, forwardedFor: string, trustProxy: boolean): string {
  const forwarded = trustProxy ? forwardedFor.split(',').at(-1)?.trim() : undefined;
  return forwarded !== undefined && forwarded !== '' ? forwarded : Buffer.from(remote).toString('latin1');
}
