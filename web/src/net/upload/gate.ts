// 一个等待者的门: 等到有人开门; 先开后等的那次不会丢

export class Gate {
  #opened = false;
  #resume: (() => void) | undefined;

  /** 同时至多一个等待者 */
  wait(): Promise<void> {
    if (this.#opened) {
      this.#opened = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  open(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    // 没有人在等: 记下, 下一次 wait 立即通过
    this.#opened = resume === undefined;
    resume?.();
  }
}
