"""进出的折叠: 一段时间里的进出合成一行, 每个人只算最后的去向。"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Iterable

# 两边一共至多记这么多名字 (每个至多 32 个码点); 再多的只计数
MAX_KNOWN = 10_000
# 一行最多列出的名字
SHOWN_NAMES = 3


@dataclass(frozen=True)
class FoldedPresence:
    """joined 与 left 只是开头的几个名字; 真实人数是两个 count。"""

    joined: tuple[str, ...]
    joined_count: int
    left: tuple[str, ...]
    left_count: int


class PresenceFold:
    """一行的账: 名字全记着而不只是列出的那些, 来了又走的人才不会两边都算。"""

    def __init__(self) -> None:
        # dict 当有序的集合
        self._joined: dict[str, None] = {}
        self._left: dict[str, None] = {}
        # 记不下名字的人数
        self._nameless_joined = 0
        self._nameless_left = 0

    def add(self, joined: Iterable[str], left: Iterable[str]) -> None:
        for name in left:
            if not self._move(name, self._joined, self._left):
                self._nameless_left += 1
        # 同一批里又走又来: 人还在, 算加入
        for name in joined:
            if not self._move(name, self._left, self._joined):
                self._nameless_joined += 1

    def folded(self) -> FoldedPresence:
        # 只取开头: 万人进出时每批都会调用
        return FoldedPresence(
            joined=tuple(islice(self._joined, SHOWN_NAMES)),
            joined_count=len(self._joined) + self._nameless_joined,
            left=tuple(islice(self._left, SHOWN_NAMES)),
            left_count=len(self._left) + self._nameless_left,
        )

    def _move(self, name: str, source: dict[str, None], target: dict[str, None]) -> bool:
        """False: 记不下了。"""
        source.pop(name, None)
        # 先删后加: 刚刚又来的排到最后
        target.pop(name, None)
        if len(source) + len(target) >= MAX_KNOWN:
            return False
        target[name] = None
        return True
