"""不重不漏: 记住连续收到哪里, 重连后补齐。同 web/src/app/catch-up.ts, 但补齐期间播出的不留着, 由后面的页给出。"""

from __future__ import annotations

from collections import OrderedDict
from typing import Sequence

from ..protocol.messages import MAX_HISTORY_LIMIT, History, RoomMessage, Welcome

FRESH = "fresh"
RESTARTING = "restarting"
CATCHING = "catching"
CAUGHT = "caught"

# 加入后的第一页与向上翻的一页
PAGE = 50
# 补齐时一次多取些
CATCH_UP_PAGE = MAX_HISTORY_LIMIT
# 换了 epoch 之后至多从头补这么多条
MAX_MISSED = 1000
# 第一页到来之前播出的至多留着这么多条; 更多的由后面的页给出
MAX_HELD = 200
# 记住最近放行过的这么多条的 id: 换了 epoch 而消息还在时 (断电只丢了尾巴), 同一条不再来一次
_MAX_RECENT = 2 * MAX_MISSED


class CatchUp:
    """seq 只升不降地放行; 重复的与补齐期间播出的都挡住。

    fresh --加入后的那一页--> caught <--补完-- catching (重连, 或那一页到来之前已有播出的)
    换了 epoch: restarting --从新的起点补完--> caught
    """

    def __init__(self) -> None:
        self._epoch = ""
        self._state = FRESH
        # 此前的都收到了; None: 还没有收到过一页
        self._contiguous: int | None = None
        self._after_welcome = 0
        # 补齐期间播出过的最大的 seq: 补到这里才算完。页是服务器读盘那一刻的, 里面也许没有它
        self._heard = 0
        # 第一页到来之前播出的: 不给历史的服务器, 等一会儿就从这里算起
        self._held: list[RoomMessage] = []
        # 值没有用: OrderedDict 当有界的有序集合
        self._recent: OrderedDict[str, None] = OrderedDict()

    @property
    def after(self) -> int | None:
        """重连时 join 带的 after; 第一次没有。"""
        return self._contiguous

    @property
    def state(self) -> str:
        return self._state

    def is_live(self, message: RoomMessage) -> bool:
        """加入之后才有的, 哪怕是补来的页带来的。"""
        return message.seq > self._after_welcome

    def welcomed(self, welcome: Welcome) -> bool:
        """返回历史是否已丢失 (换了 epoch); 那时应从 after 起重新要, 新的 epoch 里的一条都还没有见过。"""
        lost = self._epoch not in ("", welcome.epoch)
        self._epoch = welcome.epoch
        self._after_welcome = welcome.seq
        self._heard = 0
        self._held = []
        if lost:
            self._contiguous = max(0, welcome.seq - MAX_MISSED)
            self._state = RESTARTING
        else:
            self._state = FRESH if self._contiguous is None else CATCHING
        return lost

    def broadcast(self, message: RoomMessage) -> bool:
        """播出的一条; 返回要不要放行。"""
        if self._state == CAUGHT:
            return len(self._take([message])) > 0
        self._heard = max(self._heard, message.seq)
        if self._state == FRESH and len(self._held) < MAX_HELD:
            self._held.append(message)
        return False

    def release(self) -> list[RoomMessage]:
        """等了一会儿仍没有第一页: 从播出的第一条算起。已经有了一页的没有可放行的。"""
        held, self._held = self._held, []
        if self._state != FRESH or not held:
            return []
        self._contiguous = held[0].seq - 1
        accepted = self._take(held)
        self._state = CAUGHT
        return accepted

    def joined_page(self, page: History) -> tuple[list[RoomMessage], bool]:
        """加入之后不请自来的一页 -> 放行的, 以及还要不要 (从 after 起) 取下一页。"""
        if self._state in (CAUGHT, RESTARTING):
            return [], False
        if self._state == FRESH:
            # 第一页的 more 说的是更早的
            self._contiguous = page.messages[0].seq - 1 if page.messages else self._after_welcome
            accepted = self._take(page.messages)
            return accepted, self._settle(wants_more=False)
        accepted = self._take(page.messages)
        # 一条也没有却说还有: 再要也不会有进展
        return accepted, self._settle(wants_more=page.more and len(page.messages) > 0)

    def page(self, page: History) -> tuple[list[RoomMessage], bool]:
        """补齐的一页, 是要来的: 之前播出过的都该在里面。"""
        before = self._contiguous
        accepted = self._take(page.messages)
        if self._contiguous == before:
            # 没有进展: 播出过而已经不在了, 不能没完没了地要
            self._heard = 0
            return accepted, self._settle(wants_more=False)
        return accepted, self._settle(wants_more=page.more)

    def has_gap_before(self, page: History) -> bool:
        """服务器只留着后面的: 中间缺了一段。放行之前问。"""
        if self._state != CATCHING or self._contiguous is None or not page.messages:
            return False
        return page.messages[0].seq > self._contiguous + 1

    def _settle(self, *, wants_more: bool) -> bool:
        """返回还要不要下一页。"""
        wants_more = wants_more or (self._contiguous or 0) < self._heard
        if not wants_more:
            self._state = CAUGHT
        elif self._state == FRESH:
            self._state = CATCHING
        return wants_more

    def _take(self, messages: Sequence[RoomMessage]) -> list[RoomMessage]:
        accepted = []
        for message in messages:
            if self._contiguous is not None and message.seq <= self._contiguous:
                continue
            self._contiguous = message.seq
            if message.id not in self._recent:
                accepted.append(message)
                self._remember(message.id)
        return accepted

    def _remember(self, message_id: str) -> None:
        self._recent[message_id] = None
        if len(self._recent) > _MAX_RECENT:
            self._recent.popitem(last=False)
