// 可观察的值: 模型用它通知界面; 没有依赖追踪, 没有调度, 只有一份订阅者名单

export type Listener<T> = (value: T) => void;

/** 一组订阅者; life 中止时自动退订, 界面拆除后不会留下引用 */
export class Emitter<T> {
  readonly #listeners = new Set<Listener<T>>();

  subscribe(listener: Listener<T>, life: AbortSignal): void {
    if (life.aborted) return;
    this.#listeners.add(listener);
    life.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  emit(value: T): void {
    // 拷贝一份: 订阅者可能在回调里退订
    for (const listener of [...this.#listeners]) listener(value);
  }
}

/** 有当前值的 Emitter; 设成相同的值 (Object.is) 不通知 */
export class Signal<T> {
  readonly #changes = new Emitter<T>();
  #value: T;

  constructor(initial: T) {
    this.#value = initial;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(this.#value, value)) return;
    this.#value = value;
    this.#changes.emit(value);
  }

  /** 只在以后的变化时调用 */
  subscribe(listener: Listener<T>, life: AbortSignal): void {
    this.#changes.subscribe(listener, life);
  }

  /** 立即以当前值调用一次, 之后每次变化再调用 */
  watch(listener: Listener<T>, life: AbortSignal): void {
    this.subscribe(listener, life);
    listener(this.#value);
  }
}
