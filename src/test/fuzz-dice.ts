// 模糊测试的骰子: 同一个种子掷出同样的输入; 还有各处都用得上的字节改动
import { seededRandom } from './uploading.js';

export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** [0, limit) 的整数 */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** 平均 times 次里有一次 */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('没有可选的');
    return item;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** 改几处字节: 截断, 翻转, 重复一段, 插入一段 */
  mangle(bytes: Buffer): Buffer {
    const at = this.below(bytes.length + 1);
    const until = at + this.below(bytes.length - at + 1);
    switch (this.below(4)) {
      case 0:
        return bytes.subarray(0, at);
      case 1:
        return this.#flip(bytes);
      case 2:
        return Buffer.concat([bytes.subarray(0, until), bytes.subarray(at)]);
      default:
        return Buffer.concat([bytes.subarray(0, at), this.bytes(1 + this.below(20)), bytes.subarray(at)]);
    }
  }

  #flip(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    for (let count = 1 + this.below(4); count > 0 && copy.length > 0; count -= 1) {
      copy[this.below(copy.length)] = this.below(256);
    }
    return copy;
  }
}
