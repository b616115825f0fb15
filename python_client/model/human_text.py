"""数字, 时间与名字给人看的写法, 与网页相同 (web/src/view/kit/format.ts)。"""

from __future__ import annotations

import re
import time
from datetime import date

_UNITS = ("B", "KB", "MB", "GB", "TB")
_WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
# 控制字符 (换行与制表符除外), 与不成对的代理: Tk 一遇到后者就出错
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# 改变书写方向的字符: 会让 exe 显示成 png 结尾
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
_UNKNOWN = "\ufffd"
# 显示的名字至多这么多字; 文件系统的上限是 255 字节, 正当的名字碰不到
MAX_NAME = 300
# 太长的名字留下结尾这么多字: 扩展名在那里
_NAME_TAIL = 20
# 认得的时刻 (毫秒): 1970 到 3000 年, 各系统的本地时间都算得出; 之外的当作这两头
_FIRST_MS = 86_400_000
_LAST_MS = 32_503_593_600_000
# 再大的字节数都写成这个; float 装得下
_MOST_BYTES = 2**70


def format_bytes(count: float) -> str:
    """1024 进制, 三位有效数字: 1.5 GB, 320 KB。"""
    value = float(max(-_MOST_BYTES, min(count, _MOST_BYTES)))
    unit = 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    digits = 0 if unit == 0 or value >= 100 else 1 if value >= 10 else 2
    written = f"{value:.{digits}f}"
    return f"{written.rstrip('0').rstrip('.') if '.' in written else written} {_UNITS[unit]}"


def format_duration(seconds: float) -> str:
    """剩余时间: 3 分 20 秒; 只说最大的两级, 多了没有用。"""
    # 服务器停着时速度趋于零, 估计会是天文数字
    if seconds >= 100 * 3600:
        return "很久"
    whole = max(1, round(seconds))
    parts = [(whole // 3600, "小时"), (whole % 3600 // 60, "分"), (whole % 60, "秒")]
    first = next(index for index, (value, _) in enumerate(parts) if value > 0)
    return " ".join(f"{value} {unit}" for value, unit in parts[first : first + 2] if value > 0)


def format_percent(moved: int, size: int) -> int:
    """向下取整: 没有到齐之前不说 100。空文件算 100。"""
    return 100 if size <= 0 else min(100, moved * 100 // size)


def format_time(time_ms: int) -> str:
    """时:分, 本地时区。"""
    return time.strftime("%H:%M", time.localtime(_seconds(time_ms)))


def day_of(time_ms: int) -> date:
    """本地时区的哪一天。"""
    return date.fromtimestamp(_seconds(time_ms))


def _seconds(time_ms: int) -> float:
    # 先夹住再除: 太大的整数除不成 float, 范围外的时刻没有日期
    return max(_FIRST_MS, min(time_ms, _LAST_MS)) / 1000


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
    """一行的名字: 控制字符, 换行与改变书写方向的字符换成替代符; 太长的从中间省略。"""
    if len(name) > MAX_NAME:
        name = f"{name[: MAX_NAME - _NAME_TAIL]}…{name[-_NAME_TAIL:]}"
    return _CONTROL.sub(_UNKNOWN, _BIDI.sub(_UNKNOWN, re.sub("[\n\t]", " ", name)))


def safe_text(text: str) -> str:
    """一段文字: 换行统一, 控制字符换成替代符 (Tk 会把它们显示成乱码)。"""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _CONTROL.sub(_UNKNOWN, unified)
