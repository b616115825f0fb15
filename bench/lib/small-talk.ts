// 像样的中文闲聊: 10 到 120 个字, 约每八条一个链接; 由编号决定, 每次运行相同
const PHRASES = [
  '刚刚看了一下',
  '这个方案我觉得可以',
  '晚上一起吃饭吗',
  '会议改到下午三点',
  '文件已经传上去了',
  '我这边网络有点慢',
  '谢谢, 辛苦了',
  '稍等, 我查一下日志',
  '今天的雨下得真大',
  '昨天那个问题修好了没有',
  '可以先合并再说',
  '数字对不上, 再核对一遍',
  '照片拍得很清楚',
  '周五之前交给我就行',
  '哈哈哈, 笑死我了',
  '收到',
  '麻烦把第二页再改一改',
  '路上堵车, 晚到十分钟',
  '大家有没有别的意见',
  '没有的话就这么定了',
];
const SEPARATORS = [', ', '. ', '! ', '? ', ' '];
/** 每八条里有一条带链接 */
const LINK_EVERY = 8;
const MIN_LENGTH = 10;
const LENGTH_SPAN = 111;

/** 第 serial 条的正文; 末尾的编号 (见 serialMark) 供网页一侧核对有没有丢 */
export function smallTalk(serial: number): string {
  const length = MIN_LENGTH + (scramble(serial) % LENGTH_SPAN);
  let text = '';
  for (let step = 0; text.length < length; step += 1) {
    const pick = scramble(serial * 31 + step);
    text += PHRASES[pick % PHRASES.length]! + SEPARATORS[(pick >>> 8) % SEPARATORS.length]!;
  }
  const link = serial % LINK_EVERY === 0 ? ` https://example.com/wiki/${scramble(serial).toString(36)}` : '';
  return `${text.slice(0, length)}${link} ${serialMark(serial)}`;
}

export function serialMark(serial: number): string {
  return `〔${serial}〕`;
}

/** 正文末尾的编号; 不是 smallTalk 的产物时为 NaN */
export function serialIn(text: string): number {
  return Number(/〔(\d+)〕$/.exec(text)?.[1]);
}

/** 32 位整数的散列 (Murmur3 的收尾), 非负 */
function scramble(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
