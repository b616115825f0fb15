"""读 JSON 对象里的字段: 要么是要的类型与范围, 要么抛 BadFrameError。"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Mapping

Fields = Mapping[str, Any]

# 双方都能精确表示的整数 (JavaScript 的 Number.MAX_SAFE_INTEGER)
MAX_INTEGER = 2**53 - 1
# 3000 年最后一天之前的毫秒: 再往后 Windows 换不成当地时刻, datetime 自己到 9999 年
MAX_TIME_MS = 32_535_129_600_000 - 1
# 图片的一边, 像素
MAX_SIDE = 1_000_000
# 文字以外的字符串: 名字, 文件名, 链接, 令牌, 字节
MAX_STRING_BYTES = 4096
# 服务器的 chat.textBytes 至多可以配成这么多
MAX_TEXT_BYTES = 131_072

# JSON 的 \ud800 这样落单的; 成对的 json 已经合起来
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class BadFrameError(ValueError):
    """不是契约里的帧: 说明里有哪个字段不对。"""


def parse_object(text: str) -> Fields:
    """一段 JSON 文本 -> 对象。"""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrameError(f"不是合法的 JSON: {error}") from error
    if not isinstance(fields, dict):
        raise BadFrameError("不是 JSON 对象")
    return fields


def string(fields: Fields, key: str) -> str:
    return _text(fields.get(key), key, MAX_STRING_BYTES)


def long_string(fields: Fields, key: str) -> str:
    """一条消息的文字。"""
    return _text(fields.get(key), key, MAX_TEXT_BYTES)


def strings(fields: Fields, key: str) -> tuple[str, ...]:
    value = fields.get(key)
    if not isinstance(value, list):
        raise BadFrameError(key)
    return tuple(_text(item, key, MAX_STRING_BYTES) for item in value)


def integer(fields: Fields, key: str) -> int:
    """契约里的整数都不是负的: 序号, 大小, 偏移, 个数。"""
    return _within(fields, key, 0, MAX_INTEGER)


def time_ms(fields: Fields, key: str) -> int:
    """显示得出来的时刻。"""
    return _within(fields, key, 0, MAX_TIME_MS)


def side(fields: Fields, key: str) -> int:
    return _within(fields, key, 1, MAX_SIDE)


def optional(fields: Fields, key: str, read: Callable[[Fields, str], Any]) -> Any:
    """null 与没有同义 (PROTOCOL.md)。"""
    return None if fields.get(key) is None else read(fields, key)


def _text(value: Any, key: str, most: int) -> str:
    if not isinstance(value, str):
        raise BadFrameError(key)
    # 先比字符数: 上百万字的不必先编码; ASCII 的字节数就是它
    if len(value) > most:
        raise BadFrameError(f"{key} 过长")
    if value.isascii():
        return value
    # 落单的代理项编不成 UTF-8, Tk 与日志都会出错
    whole = _LONE_SURROGATE.sub("\ufffd", value)
    if len(whole.encode("utf-8")) > most:
        raise BadFrameError(f"{key} 过长")
    return whole


def _within(fields: Fields, key: str, lowest: int, highest: int) -> int:
    value = fields.get(key)
    # bool 是 int 的子类; 1.0 这样的写法在 JSON 里也是整数
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadFrameError(key)
    if not lowest <= value <= highest:
        raise BadFrameError(f"{key} 超出范围")
    return value
