"""数字, 时间与名字给人看的写法, 与网页相同 (web/src/view/kit/format.ts)。"""

from __future__ import annotations

import re
import time
from datetime import date

_UNITS = ("B", "KB", "MB", "GB", "TB")
_WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
# 控制字符; 换行与制表符除外
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# 改变书写方向的字符: 会让 exe 显示成 png 结尾
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
_UNKNOWN = "\ufffd"


def format_bytes(count: float) -> str:
    """1024 进制, 三位有效数字: 1.5 GB, 320 KB。"""
    value = float(count)
    unit = 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    digits = 0 if unit == 0 or value >= 100 else 1 if value >= 10 else 2
    written = f"{value:.{digits}f}"
    return f"{written.rstrip('0').rstrip('.') if '.' in written else written} {_UNITS[unit]}"


def format_duration(seconds: float) -> str:
    """剩余时间: 3 分 20 秒; 只说最大的两级, 多了没有用。"""
    whole = max(1, round(seconds))
    # 服务器停着时速度趋于零, 估计会是天文数字
    if whole >= 100 * 3600:
        return "很久"
    parts = [(whole // 3600, "小时"), (whole % 3600 // 60, "分"), (whole % 60, "秒")]
    first = next(index for index, (value, _) in enumerate(parts) if value > 0)
    return " ".join(f"{value} {unit}" for value, unit in parts[first : first + 2] if value > 0)


def format_percent(moved: int, size: int) -> int:
    """向下取整: 没有到齐之前不说 100。空文件算 100。"""
    return 100 if size <= 0 else min(100, moved * 100 // size)


def format_time(time_ms: int) -> str:
    """时:分, 本地时区。"""
    return time.strftime("%H:%M", time.localtime(time_ms / 1000))


def day_of(time_ms: int) -> date:
    """本地时区的哪一天。"""
    return date.fromtimestamp(time_ms / 1000)


def format_day(day: date, today: date) -> str:
    """日期分隔: 今天, 昨天, 或完整的日期。"""
    if (today - day).days in (0, 1):
        return "今天" if day == today else "昨天"
    return f"{day.year} 年 {day.month} 月 {day.day} 日 {_WEEKDAYS[day.weekday()]}"


def format_short_date(time_ms: int, today: date) -> str:
    """文件列表里: 今天的只写时间, 其余写日期。"""
    day = day_of(time_ms)
    return format_time(time_ms) if day == today else day.isoformat()


def safe_name(name: str) -> str:
    """一行的名字: 控制字符, 换行与改变书写方向的字符换成替代符。"""
    return _CONTROL.sub(_UNKNOWN, _BIDI.sub(_UNKNOWN, re.sub("[\n\t]", " ", name)))


def safe_text(text: str) -> str:
    """一段文字: 换行统一, 控制字符换成替代符 (Tk 会把它们显示成乱码)。"""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _CONTROL.sub(_UNKNOWN, unified)
