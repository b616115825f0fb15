// 像样的中文消息: 常用词按齐普夫分布, 掺些少见的字与英文; 同一个种子总得到同样的消息
/** 词频大致由高到低; 第 n 个词的权重是 1/(n+1) */
const WORDS = [
  '的 了 我 你 是 在 不 我们 这个 一下 可以 今天 就 都 好 有 吗 会议 项目 没有 明天 时间 问题 大家 看 现在 已经 需要 一个 什么',
  '下午 上午 文件 收到 客户 方案 进度 设计 测试 上线 版本 需求 确认 修改 发给 群里 麻烦 谢谢 辛苦 同事 领导 报告 数据 服务器 网络 数据库',
  '接口 文档 合同 预算 审批 流程 财务 采购 人事 培训 周末 加班 请假 出差 航班 酒店 地铁 午饭 咖啡 天气 下雨 电影 音乐 游戏 小说 照片 视频',
  '链接 密码 账号 登录 权限 备份 恢复 日志 监控 告警 延迟 吞吐 内存 磁盘 缓存 队列 消息 推送 订单 退款 物流 快递 仓库 库存 发票 税率',
  '北京 上海 广州 深圳 杭州 成都 武汉 西安 南京 重庆 苏州 天津 长沙 郑州 青岛 大连 厦门 宁波 合肥 昆明 OK bug API PR review deploy v2 TODO',
]
  .join(' ')
  .split(' ');
const ENDINGS = ['', '', '。', '!', '?', '~', ' 哈哈哈', ' 😀', '...', ' 👍'];
// 常用汉字区的前段: 人名, 专名, 不在词表里的字
const FIRST_HAN = 0x4e00;
const HAN_COUNT = 6000;

/** 均匀的 [0, 1); mulberry32: 小, 快, 够均匀 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 一条 10 到 60 字的消息 */
export function chineseLine(random: () => number): string {
  const pieces: string[] = [];
  const count = 5 + Math.floor(random() ** 2 * 25);
  for (let index = 0; index < count; index += 1) {
    pieces.push(random() < 0.08 ? rareWord(random) : commonWord(random));
    if (random() < 0.1) pieces.push(', ');
  }
  return pieces.join('') + ENDINGS[Math.floor(random() * ENDINGS.length)]!;
}

export function rareWord(random: () => number): string {
  const han = (): string => String.fromCodePoint(FIRST_HAN + Math.floor(random() * HAN_COUNT));
  return han() + han();
}

// 齐普夫: 累积权重近似于对数, 反过来取指数
function commonWord(random: () => number): string {
  return WORDS[Math.floor((WORDS.length + 1) ** random()) - 1] ?? WORDS[0]!;
}
