"""在线名单: 按集合处理进出; 超过 500 人时名单不全, 人数以服务器的为准。"""

from __future__ import annotations

from typing import Iterable, KeysView, Sequence

# 名字的上限: 进出再多也不会无限增长
MAX_NAMES = 20_000


class People:
    """在界面线程里用; names 按上线先后。"""

    def __init__(self) -> None:
        # dict 当有序的集合
        self._names: dict[str, None] = {}
        self._online = 0

    @property
    def names(self) -> KeysView[str]:
        return self._names.keys()

    @property
    def online(self) -> int:
        """真实总数, 可能多于 names。"""
        return self._online

    def reset(self, names: Iterable[str], online: int) -> None:
        """welcome 的快照。"""
        self._names = dict.fromkeys(names)
        self._online = online

    def apply(
        self, joined: Sequence[str], left: Sequence[str], online: int | None
    ) -> tuple[list[str], list[str]]:
        """online 为 None 时自己推算 (基础帧不带总数)。返回真正的变化。"""
        complete = len(self._names) >= self._online
        arrived = [name for name in joined if self._add(name)]
        # 名单不全时, 不认识的人也可能离开
        departed = [name for name in left if self._remove(name) or not complete]
        guessed = max(len(self._names), self._online + len(arrived) - len(departed))
        self._online = guessed if online is None else online
        return arrived, departed

    def _add(self, name: str) -> bool:
        if name in self._names or len(self._names) >= MAX_NAMES:
            return False
        self._names[name] = None
        return True

    def _remove(self, name: str) -> bool:
        if name not in self._names:
            return False
        del self._names[name]
        return True
