// 按键排队的互斥: 同一个上传的续传, 结束, 取消与清扫依次进行, 不同上传互不等待
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** 轮到时运行 task; 结果与错误原样交还。键在无人排队时即被移除, 表不会增长 */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const previous = this.#tails.get(key) ?? Promise.resolve();
    // 前一个失败不影响后一个
    const current = previous.then(task, task);
    this.#tails.set(key, current);
    try {
      return await current;
    } finally {
      if (this.#tails.get(key) === current) this.#tails.delete(key);
    }
  }
}
