// 发过的 clientId 的布隆过滤器 (Bloom, 1970): 说没发过就一定没发过, 说可能发过的再去问日志
// 每个会话只在内存里的记录挤出之后才有一个; 8 KiB, 记一万个时误判约 2 %, 再多也只是多问几次

const BITS = 65_536;
const PROBES = 4;
// FNV-1a 的初值与乘数 (32 位)
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class SentIds {
  readonly #bits = new Uint32Array(BITS / 32);

  add(clientId: string): void {
    for (const bit of probes(clientId))
      this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  mayContain(clientId: string): boolean {
    return probes(clientId).every((bit) => ((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0);
  }
}

// 两个散列线性组合出几个位置 (Kirsch 与 Mitzenmacher, 2006): 与各算一遍同样好
function probes(text: string): number[] {
  const first = fnv1a(text, FNV_OFFSET);
  const second = fnv1a(text, first) | 1;
  return Array.from({ length: PROBES }, (_, index) => ((first + index * second) >>> 0) % BITS);
}

function fnv1a(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  }
  // 末位搅匀: 只差最后一个字符的 (c-1, c-2) 也要散开
  return (hash ^ (hash >>> 15)) >>> 0;
}
