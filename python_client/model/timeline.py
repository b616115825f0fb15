"""聊天记录: 按 (epoch, seq) 排好序, 不重不漏; 变化以位置告诉界面, 界面只改那几行。"""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass
from typing import Callable, Protocol, Sequence, Union

from ..protocol.messages import RoomMessage
from .presence_fold import FoldedPresence, PresenceFold

# 停在底部时只留这么多行; 更早的丢掉, 向上翻时再向服务器要
KEEP_ITEMS = 2000
# 正在翻看旧消息时的上限: 到了就不再往前取, 新来的照收, 从上面丢
MAX_ITEMS = 6000
# 每次多删一截, 免得逐条挪动
TRIM_SLACK = 200
# 这么久以内的进出并成一行 (毫秒)
PRESENCE_FOLD_MS = 120_000
# 每个 epoch 占这么多 order: 远大于 seq 的实际范围
EPOCH_SPAN = 2**53

HISTORY_LOST = "history_lost"
GAP = "gap"
ERROR = "error"
_TEXTS = {
    HISTORY_LOST: "服务器丢失了历史, 这之前的消息只留在本窗口",
    GAP: "离开较久, 这里缺了一段消息",
}


@dataclass(frozen=True)
class MessageItem:
    """order 是排序的依据, 整个列表单调不减; time_ms 是 Unix 毫秒。"""

    order: int
    time_ms: int
    message: RoomMessage


@dataclass(frozen=True)
class PresenceItem:
    order: int
    time_ms: int
    folded: FoldedPresence


@dataclass(frozen=True)
class NoticeItem:
    """记录断开的地方, 或一行错误; kind 是 history_lost, gap, error。"""

    order: int
    time_ms: int
    kind: str
    text: str


Item = Union[MessageItem, PresenceItem, NoticeItem]


class TimelineView(Protocol):
    """画记录的人; 每次都在列表改好之后调用。"""

    def inserted(self, index: int, count: int) -> None: ...

    def replaced(self, index: int) -> None: ...

    def removed(self, index: int, count: int) -> None: ...


class Timeline:
    """在界面线程里用; clock 返回 Unix 秒, 测试可以换。"""

    def __init__(self, view: TimelineView, clock: Callable[[], float] = time.time) -> None:
        self._view = view
        self._clock = clock
        self._items: list[Item] = []
        # 见过的 order: 补来的与翻到的可能是同一条
        self._seen: set[int] = set()
        self._epoch = 0
        self._older = False
        # 最后一行进出的账; 只有最后一行还会再变
        self._fold = PresenceFold()
        # 界面停在底部: 那时才可以丢掉上面的
        self.pinned = True

    @property
    def items(self) -> Sequence[Item]:
        return self._items

    @property
    def has_older(self) -> bool:
        """服务器那里可能还有更早的, 而这里还放得下。"""
        return self._older and len(self._items) < MAX_ITEMS

    @has_older.setter
    def has_older(self, value: bool) -> None:
        self._older = value

    @property
    def last_seq(self) -> int | None:
        """当前 epoch 里最后一条的 seq; 还没有时为 None。"""
        base = self._epoch * EPOCH_SPAN
        orders = (item.order for item in reversed(self._items) if isinstance(item, MessageItem))
        return next((order - base for order in orders if order >= base), None)

    @property
    def first_seq(self) -> int | None:
        """当前 epoch 里最早一条的 seq; 还没有时为 None。"""
        base = self._epoch * EPOCH_SPAN
        orders = (item.order for item in self._items if isinstance(item, MessageItem))
        return next((order - base for order in orders if order >= base), None)

    def new_epoch(self) -> None:
        """服务器丢了历史: 旧的 seq 作废, 已有的记录留在上面。"""
        self._epoch += 1
        self.add_notice(HISTORY_LOST)

    def add(self, message: RoomMessage) -> bool:
        """播出或补来的一条。见过的返回 False。"""
        return self.add_page((message,)) > 0

    def add_page(self, messages: Sequence[RoomMessage]) -> int:
        """历史的一页, 旧的在前; 返回新放进的条数。保证: 连着的一段只通知一次。"""
        fresh = [self._item(message) for message in messages]
        fresh = [item for item in fresh if item.order not in self._seen]
        start = 0
        while start < len(fresh):
            index = self._position(fresh[start].order)
            end = start + 1
            limit = self._items[index].order if index < len(self._items) else None
            while end < len(fresh) and (limit is None or fresh[end].order < limit):
                end += 1
            self._insert(index, fresh[start:end])
            start = end
        self._trim()
        return len(fresh)

    def add_presence(self, joined: Sequence[str], left: Sequence[str]) -> None:
        if not joined and not left:
            return
        now_ms = self._now_ms()
        last = self._items[-1] if self._items else None
        if isinstance(last, PresenceItem) and now_ms - last.time_ms < PRESENCE_FOLD_MS:
            self._fold.add(joined, left)
            self._items[-1] = PresenceItem(last.order, last.time_ms, self._fold.folded())
            self._view.replaced(len(self._items) - 1)
            return
        self._fold = PresenceFold()
        self._fold.add(joined, left)
        self._insert(len(self._items), [PresenceItem(self._last_order(), now_ms, self._fold.folded())])
        self._trim()

    def add_notice(self, kind: str, text: str = "") -> None:
        """text 不给时用 kind 自己的。"""
        notice = NoticeItem(self._last_order(), self._now_ms(), kind, text or _TEXTS.get(kind, ""))
        self._insert(len(self._items), [notice])
        self._trim()

    def clear(self) -> None:
        """全部去掉, 从头来: 换一处去看。"""
        count = len(self._items)
        self._items = []
        self._seen.clear()
        self._older = False
        if count:
            self._view.removed(0, count)

    def trim(self) -> None:
        """回到底部时由界面调用: 翻看期间攒下的可以丢了。"""
        self._trim()

    def _item(self, message: RoomMessage) -> MessageItem:
        return MessageItem(self._epoch * EPOCH_SPAN + message.seq, message.time_ms, message)

    def _insert(self, index: int, items: Sequence[Item]) -> None:
        self._seen.update(item.order for item in items if isinstance(item, MessageItem))
        self._items[index:index] = items
        self._view.inserted(index, len(items))

    def _position(self, order: int) -> int:
        """第一个 order 更大的位置; 绝大多数落在末尾。"""
        if not self._items or self._items[-1].order <= order:
            return len(self._items)
        return bisect_right([item.order for item in self._items], order)

    def _last_order(self) -> int:
        last = self._items[-1].order if self._items else 0
        return max(last, self._epoch * EPOCH_SPAN)

    def _trim(self) -> None:
        limit = KEEP_ITEMS if self.pinned else MAX_ITEMS
        if len(self._items) <= limit + TRIM_SLACK:
            return
        count = len(self._items) - limit
        dropped, self._items[:count] = self._items[:count], []
        self._seen.difference_update(item.order for item in dropped if isinstance(item, MessageItem))
        self._older = True
        self._view.removed(0, count)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
