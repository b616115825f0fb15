// 数字与时间给人看的写法; 随界面语言
import { currentLanguage } from '../../i18n/bilingual.js';

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** 1024 进制, 三位有效数字: 1.5 GB, 320 KB */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${Number(value.toFixed(digits))} ${UNITS[unit]}`;
}

/** 剩余时间: 秒 -> 3 分 20 秒 / 3m 20s */
export function formatDuration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  const parts: [number, string, string][] = [
    [Math.floor(whole / 3600), ' 小时', 'h'],
    [Math.floor((whole % 3600) / 60), ' 分', 'm'],
    [whole % 60, ' 秒', 's'],
  ];
  const chinese = currentLanguage() === 'zh';
  const first = parts.findIndex(([value]) => value > 0);
  // 只说最大的两级: 多了没有用
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, zh, en]) => `${value}${chinese ? zh : en}`)
    .join(' ');
}

/** 时:分 */
export function formatTime(time: number): string {
  return format({ hour: '2-digit', minute: '2-digit', hour12: false }, time);
}

/** 悬停时看的完整时间 */
export function formatFullTime(time: number): string {
  return format({ dateStyle: 'long', timeStyle: 'medium' }, time);
}

/** 日期分隔: 今天, 昨天, 或完整的日期 */
export function formatDay(time: number): string {
  const days = Math.round((startOfDay(Date.now()) - startOfDay(time)) / 86_400_000);
  if (days === 0 || days === 1) {
    return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(-days, 'day');
  }
  return format({ year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' }, time);
}

/** 文件列表里: 今天的只写时间, 其余写日期 */
export function formatShortDate(time: number): string {
  if (startOfDay(time) === startOfDay(Date.now())) return formatTime(time);
  return format({ year: 'numeric', month: '2-digit', day: '2-digit' }, time);
}

export function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

// Intl 的格式器每个约几十微秒, 一屏消息要几百次, 所以留着
const formatters = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, time: number): string {
  const key = `${locale()} ${JSON.stringify(options)}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat(locale(), options);
    formatters.set(key, formatter);
  }
  return formatter.format(time);
}

function locale(): string {
  return currentLanguage() === 'zh' ? 'zh-CN' : 'en';
}
