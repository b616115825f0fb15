// 装配当日份额: 由设置与磁盘的大小得出一个地址一天的上限, 接着算重启之前用掉的
import type { Config } from '../config.js';
import type { Logger } from '../log.js';
import { type DailyLimits, DailyShare } from '../quota/daily-share.js';
import type { History } from '../store/history/history.js';
import { noticeRefusals } from './quota.js';

// 大文件: 几成之外, 再许这么多个满的; 小的存储里也不过一半
const WHOLE_FILES = 4;
const MOST_OF_STORE = 0.5;

/** diskBytes: 存储所在的磁盘有多大; 报不出的是 0 */
export function createDaily(config: Config, log: Logger, history: History, diskBytes: number): DailyShare {
  const daily = new DailyShare(dailyLimits(config, diskBytes), Date.now, noticeRefusals(log));
  daily.restore(history.usage);
  return daily;
}

/** 一个地址一天的上限; 各项 0 = 不限 */
export function dailyLimits({ address, history, storage, files }: Config, diskBytes: number): DailyLimits {
  const { dailyPercent: percent } = address;
  const part = (whole: number): number => Math.floor((whole * percent) / 100);
  const store = storage.quotaBytes || diskBytes;
  const most = Math.min(WHOLE_FILES * files.fileBytes, store * MOST_OF_STORE);
  // 不落盘的历史本来只留最近若干条, 没有份额可言
  const isKept = history.store === 'disk';
  return {
    percent,
    entries: isKept ? ceil(part(history.maxMessages), history.maxMessages) : 0,
    textBytes: isKept ? part(history.maxBytes || diskBytes) : 0,
    fileBytes: store === 0 ? 0 : Math.max(part(store), most),
  };
}

// 很小的存储里也说得了一句
const ceil = (value: number, whole: number): number => (whole === 0 ? 0 : Math.max(1, value));
