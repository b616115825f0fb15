"""自己写的, 还没有在聊天记录里出现的文字; 画在记录的末尾。"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Sequence

from .events import SEND_FAILED, SENT, OutboxChanged


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
        # 正式的一条先到, sent 后到: 那时不能再画出来; 只记正在等 sent 的
        self._shown: dict[str, None] = {}

    @property
    def items(self) -> Sequence[Outgoing]:
        return list(self._items.values())

    def apply(self, change: OutboxChanged) -> bool:
        """返回画面要不要变。"""
        if change.client_id in self._shown:
            if change.state in (SENT, SEND_FAILED):
                del self._shown[change.client_id]
            return False
        known = self._items.get(change.client_id)
        if known is None and change.state == SENT:
            return False
        time_ms = int(time.time() * 1000) if known is None else known.time_ms
        self._items[change.client_id] = Outgoing(
            change.client_id, change.message, change.state, change.error, time_ms
        )
        return True

    def confirmed(self, client_id: str) -> bool:
        """正式的一条到了; 返回画面要不要变。"""
        known = self._items.pop(client_id, None)
        if known is None:
            return False
        if known.state != SENT:
            self._shown[client_id] = None
        return True

    def discard(self, client_id: str) -> bool:
        """用户不要了。"""
        return self._items.pop(client_id, None) is not None

    def drop_sent(self) -> bool:
        """历史丢了: 已确认而还没有播回来的, 不会再来。"""
        sent = [item.client_id for item in self._items.values() if item.state == SENT]
        for client_id in sent:
            del self._items[client_id]
        return bool(sent)
