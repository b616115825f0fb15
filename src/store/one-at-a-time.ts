// 一次只做一件, 先来先做

export class OneAtATime {
  #tail: Promise<unknown> = Promise.resolve();

  /** 排到了才开始; 前面的成败不相干 */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => {});
    return result;
  }
}
