"""同一个名字换了人 (from 不同): 这一条要不要标出是谁。"""

from __future__ import annotations

from typing import Sequence

from .timeline import MessageItem

# 往前看这么多条: 换人之前的那句多半在里面; 每画一行都要看一遍
LOOK_BACK = 200


def other_hands(items: Sequence[object], place: int) -> tuple[str, bool]:
    """(标识, 是否就从这一条换的人); 前面没有别人用过这个名字的, 标识为空。旧的记录没有 from, 不算。"""
    item = items[place] if place < len(items) else None
    if not isinstance(item, MessageItem) or item.message.from_tag is None:
        return "", False
    nearest = ""
    for earlier in reversed(items[max(0, place - LOOK_BACK) : place]):
        if not isinstance(earlier, MessageItem) or earlier.message.name != item.message.name:
            continue
        tag = earlier.message.from_tag
        if tag is None:
            continue
        nearest = nearest or tag
        if tag != item.message.from_tag:
            return item.message.from_tag, nearest == tag
    return "", False
