// 一个词里能不能同时有这几种文字 (Unicode TS 39 第 5.2 节的 Moderately Restrictive): 西里尔的 а 混在拉丁字母里看不出来

// 字母彼此很像的三种, 各自不与别的字母同在一个词里
const LOOKALIKES = ['Cyrillic', 'Greek', 'Cherokee'];
// 拉丁字母可以与其中一种同在 (UAX 31 表 5 的推荐文字, 除去上面的与汉字一类)
const WITH_LATIN = [
  'Arabic',
  'Armenian',
  'Bengali',
  'Devanagari',
  'Ethiopic',
  'Georgian',
  'Gujarati',
  'Gurmukhi',
  'Hebrew',
  'Kannada',
  'Khmer',
  'Lao',
  'Malayalam',
  'Myanmar',
  'Oriya',
  'Sinhala',
  'Tamil',
  'Telugu',
  'Thaana',
  'Thai',
  'Tibetan',
];
// 不像字母的: 汉字, 假名, 注音, 谚文, 与哪一种同在都行。TS 39 只许与拉丁同在, 这里放宽: 小Ω, α粒子
const NEUTRAL = scripts(['Common', 'Inherited', 'Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Hangul']);
// 名字几乎都是这样: 不必逐种去试
const USUAL = new RegExp(`^[${NEUTRAL}${scripts(['Latin'])}]*$`, 'u');
const ALLOWED = [
  ...LOOKALIKES.map((script) => only([script])),
  ...WITH_LATIN.map((script) => only(['Latin', script])),
  // 很少用的文字: 不与上面任何一种同在
  new RegExp(`^(?:[${NEUTRAL}]|[^${scripts(['Latin', ...LOOKALIKES, ...WITH_LATIN])}])*$`, 'u'),
];
// 词: 空白与标点之间的一段; 连字符与下划线看上去不分开
const BETWEEN_WORDS = /[\p{White_Space}()[\]{}<>,.;:!?/|\\&+=*"]+/u;

/** 名字里有没有混用了文字的词 */
export function mixesScripts(name: string): boolean {
  if (USUAL.test(name)) return false;
  return name.split(BETWEEN_WORDS).some((word) => !ALLOWED.some((allowed) => allowed.test(word)));
}

function only(names: readonly string[]): RegExp {
  return new RegExp(`^[${NEUTRAL}${scripts(names)}]*$`, 'u');
}

function scripts(names: readonly string[]): string {
  return names.map((name) => `\\p{Script_Extensions=${name}}`).join('');
}
