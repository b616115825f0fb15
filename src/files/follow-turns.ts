// 跟读者轮流读: 不论几个读者, 事件循环的每一圈至多放行这么多块, 上传者总能分到时间
// 没有定时器: 循环空闲时立即放行下一个

// 一圈两块 (各至多 512 KiB): 一个读者能赶上全速的上传, 二十个合起来也只占一个读者的份
const PARTS_PER_ROUND = 2;

export class FollowTurns {
  /** 先来先得; 个数不超过 downloads.maxActive */
  readonly #queue: (() => void)[] = [];
  #free = PARTS_PER_ROUND;

  /** 等轮到; 用完必须 giveBack */
  take(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free -= 1;
      return undefined;
    }
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  /** 读到的这一块随后就发出; 下一圈才轮到别人 */
  giveBack(): void {
    setImmediate(() => {
      const next = this.#queue.shift();
      if (next === undefined) this.#free += 1;
      else next();
    });
  }
}
