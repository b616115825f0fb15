// 用户的偏好: 存在浏览器里, 存不了 (隐私模式) 时只在本页有效
import { Signal } from './signal.js';

export type Theme = 'system' | 'light' | 'dark';
export type Language = 'zh' | 'en';

/** 浏览器的键值存储; 保证不抛错 */
export interface KeyValue {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  remove(key: string): void;
}

export class Preferences {
  readonly theme: Signal<Theme>;
  readonly language: Signal<Language>;
  readonly notifications: Signal<boolean>;
  readonly #store: KeyValue;

  /** systemLanguages: 浏览器的语言, 用户没有选过时以它为准 */
  constructor(store: KeyValue, systemLanguages: readonly string[]) {
    this.#store = store;
    this.theme = this.#kept('theme', ['system', 'light', 'dark'], 'system');
    this.language = this.#kept('language', ['zh', 'en'], languageOf(systemLanguages));
    this.notifications = new Signal(store.get('notifications') === 'on');
  }

  setTheme(theme: Theme): void {
    this.#store.set('theme', theme);
    this.theme.set(theme);
  }

  setLanguage(language: Language): void {
    this.#store.set('language', language);
    this.language.set(language);
  }

  setNotifications(on: boolean): void {
    this.#store.set('notifications', on ? 'on' : 'off');
    this.notifications.set(on);
  }

  // 存着的可能是旧版本或别人改过的值, 不在名单里就用缺省
  #kept<T extends string>(key: string, allowed: readonly T[], fallback: T): Signal<T> {
    const stored = this.#store.get(key);
    return new Signal(allowed.find((value) => value === stored) ?? fallback);
  }
}

// 中文优先: 列表里没有英文, 或中文排在英文之前
function languageOf(languages: readonly string[]): Language {
  const first = languages.find((language) => /^(?:zh|en)\b/i.test(language));
  return first?.toLowerCase().startsWith('en') ? 'en' : 'zh';
}
