// 一次只做一件, 先来先做; 等得太久的可以不做了

/** 等了这么久还没有轮到 */
export const TOO_LATE = Symbol('too late');

export class OneAtATime {
  #tail: Promise<unknown> = Promise.resolve();

  /** 排到了才开始; 前面的成败不相干 */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** 至多等 patienceMs (毫秒) 才开始, 轮不到就不做; 已经开始的等它做完 */
  runWithin<T>(patienceMs: number, task: () => Promise<T>): Promise<T | typeof TOO_LATE> {
    let late = false;
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<typeof TOO_LATE>((resolve) => {
      timer = setTimeout(() => {
        late = true;
        resolve(TOO_LATE);
      }, patienceMs);
    });
    const turn = this.run<T | typeof TOO_LATE>(async () => {
      clearTimeout(timer);
      return late ? TOO_LATE : task();
    });
    return Promise.race([turn, expiry]);
  }
}
