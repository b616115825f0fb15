"""自己写的, 还没有在聊天记录里出现的文字; 画在记录的末尾。"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Sequence

from .events import SENDING, SENT, WAITING_SERVER, OutboxChanged


@dataclass(frozen=True)
class Outgoing:
    """state 同 OutboxChanged; time_ms 是写下的时刻。"""

    client_id: str
    message: str
    state: str
    error: str
    time_ms: int


class OutgoingTexts:
    """按写下的先后; 数量由客户端的发件箱限制 (至多 200)。"""

    def __init__(self) -> None:
        self._items: dict[str, Outgoing] = {}
        # 正式的一条已经画出, 还在等应答的: 之后的变化都不画
        self._shown: set[str] = set()

    @property
    def items(self) -> Sequence[Outgoing]:
        return list(self._items.values())

    def apply(self, change: OutboxChanged) -> bool:
        """返回画面要不要变。"""
        if change.client_id in self._shown:
            if change.state not in (SENDING, WAITING_SERVER):
                self._shown.remove(change.client_id)
            return False
        if change.state == SENT:
            # 正式的一条紧跟着到; 应答先到时它没有 own_id, 所以这里就撤
            return self.discard(change.client_id)
        known = self._items.get(change.client_id)
        time_ms = int(time.time() * 1000) if known is None else known.time_ms
        self._items[change.client_id] = Outgoing(
            change.client_id, change.message, change.state, change.error, time_ms
        )
        return True

    def confirmed(self, client_id: str) -> bool:
        """正式的一条先到了; 返回画面要不要变。"""
        if not self.discard(client_id):
            return False
        self._shown.add(client_id)
        return True

    def discard(self, client_id: str) -> bool:
        """不再画; 返回之前有没有画。"""
        return self._items.pop(client_id, None) is not None
