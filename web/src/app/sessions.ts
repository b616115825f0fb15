// 记住会话: 刷新后是同一个人, 同一浏览器的第二个窗口用同样的名字也是同一个人
import type { KeyValue } from '../model/preferences.js';

export interface KnownSession {
  readonly name: string;
  readonly token: string;
}

const KEY = 'session';

export class Sessions {
  readonly #tab: KeyValue;
  readonly #browser: KeyValue;

  /** tab: 只属于这个标签页, 刷新后还在; browser: 各标签页共用 */
  constructor(tab: KeyValue, browser: KeyValue) {
    this.#tab = tab;
    this.#browser = browser;
  }

  /** 这个标签页已经进入过: 刷新后不必再登录 */
  get current(): KnownSession | undefined {
    return parse(this.#tab.get(KEY));
  }

  /** 用这个名字进入时可用的令牌 */
  tokenFor(name: string): string | undefined {
    const known = [this.current, parse(this.#browser.get(KEY))].find((session) => session?.name === name);
    return known?.token;
  }

  /** 服务器不认这个令牌了 (换了存储, 那时密钥也换了): 别的标签页可能已经存下新的, 那份留着 */
  discard(token: string): void {
    for (const store of [this.#tab, this.#browser]) {
      if (parse(store.get(KEY))?.token === token) store.remove(KEY);
    }
  }

  remember(session: KnownSession): void {
    const text = JSON.stringify(session);
    this.#tab.set(KEY, text);
    this.#browser.set(KEY, text);
    this.#browser.set('name', session.name);
  }

  forget(): void {
    this.#tab.remove(KEY);
    this.#browser.remove(KEY);
  }
}

function parse(text: string | undefined): KnownSession | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<KnownSession> | null;
    if (typeof value?.name !== 'string' || typeof value.token !== 'string') return undefined;
    return { name: value.name, token: value.token };
  } catch {
    // 别的版本写的, 当作没有
    return undefined;
  }
}
