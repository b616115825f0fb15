"""读 JSON 对象里的字段: 要么是要的类型, 要么抛 BadFrameError。"""

from __future__ import annotations

import json
from typing import Any, Callable, Mapping

Fields = Mapping[str, Any]


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
    value = fields.get(key)
    if not isinstance(value, str):
        raise BadFrameError(key)
    return value


def integer(fields: Fields, key: str) -> int:
    value = fields.get(key)
    # bool 是 int 的子类; 1.0 这样的写法在 JSON 里也是整数
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadFrameError(key)
    return value


def strings(fields: Fields, key: str) -> tuple[str, ...]:
    value = fields.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadFrameError(key)
    return tuple(value)


def optional(fields: Fields, key: str, read: Callable[[Fields, str], Any]) -> Any:
    """null 与没有同义 (PROTOCOL.md)。"""
    return None if fields.get(key) is None else read(fields, key)
