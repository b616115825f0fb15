// 两种语言的文案: 每处界面一个文件, 中英文并排, 少一条就编译不过
import type { Language } from '../model/preferences.js';

export type Texts = Readonly<Record<string, string | ((...args: never[]) => string)>>;

type Translated<T extends Texts> = { readonly [K in keyof T]: T[K] extends string ? string : T[K] };

let current: Language = 'zh';

/** 换语言之后须重建界面: 文案在取用时才决定 */
export function setLanguage(language: Language): void {
  current = language;
}

export function currentLanguage(): Language {
  return current;
}

/** 用法: const texts = bilingual({ send: '发送' }, { send: 'Send' }); 取用时 texts().send */
export function bilingual<T extends Texts>(zh: T, en: Translated<T>): () => Translated<T> {
  return () => (current === 'zh' ? (zh as Translated<T>) : en);
}
