"""不重不漏: 记住连续收到哪里, 重连后补齐。同 web/src/app/catch-up.ts, 但补齐期间播出的不留着, 由后面的页给出。"""

from __future__ import annotations

from ..protocol.messages import History, RoomMessage, Welcome

FRESH = "fresh"
RESTARTING = "restarting"
CATCHING = "catching"
CAUGHT = "caught"

# 加入后的第一页与向上翻的一页
PAGE = 50
# 补齐时一次多取些
CATCH_UP_PAGE = 200
# 换了 epoch 之后至多从头补这么多条: 服务器自己也只留这么多 (chat.historyMessages)
MAX_MISSED = 1000


class CatchUp:
    """seq 只升不降地放行; 重复的与补齐期间播出的都挡住。

    fresh --加入后的那一页--> caught <--补完-- catching (重连)
    换了 epoch: restarting --从新的起点补完--> caught
    """

    def __init__(self) -> None:
        self._epoch = ""
        self._state = FRESH
        # 此前的都收到了; None: 还没有收到过一页
        self._contiguous: int | None = None
        self._after_welcome = 0

    @property
    def after(self) -> int | None:
        """重连时 join 带的 after; 第一次没有。"""
        return self._contiguous

    @property
    def state(self) -> str:
        return self._state

    def welcomed(self, welcome: Welcome) -> bool:
        """返回历史是否已丢失 (换了 epoch); 那时应从 after 起重新要, 新的 epoch 里的一条都还没有见过。"""
        lost = self._epoch not in ("", welcome.epoch)
        self._epoch = welcome.epoch
        self._after_welcome = welcome.seq
        if lost:
            self._contiguous = max(0, welcome.seq - MAX_MISSED)
            self._state = RESTARTING
        else:
            self._state = FRESH if self._contiguous is None else CATCHING
        return lost

    def broadcast(self, message: RoomMessage) -> bool:
        """播出的一条; 返回要不要放行。"""
        if self._state in (CATCHING, RESTARTING):
            # 后面的页里有它: 页是应答那一刻的全部
            return False
        if self._state == FRESH:
            # 契约说历史在先; 没有给的服务器, 从这一条算起
            self._finish(message.seq - 1)
        return self._accept(message)

    def joined_page(self, page: History) -> tuple[list[RoomMessage], bool]:
        """加入之后不请自来的一页 -> 放行的, 以及还要不要 (从 after 起) 取下一页。"""
        if self._state in (CAUGHT, RESTARTING):
            return [], False
        return self.page(page)

    def page(self, page: History) -> tuple[list[RoomMessage], bool]:
        """补齐的一页。"""
        if self._state == FRESH:
            self._contiguous = page.messages[0].seq - 1 if page.messages else None
            accepted = [message for message in page.messages if self._accept(message)]
            self._finish(self._after_welcome if self._contiguous is None else self._contiguous)
            return accepted, False
        accepted = [message for message in page.messages if self._accept(message)]
        # 一条也没有却说还有: 再要也不会有进展
        wants_more = page.more and len(accepted) > 0
        if not wants_more:
            self._finish(self._contiguous or 0)
        return accepted, wants_more

    def has_gap_before(self, page: History) -> bool:
        """服务器只留着后面的: 中间缺了一段。放行之前问。"""
        if self._state != CATCHING or self._contiguous is None or not page.messages:
            return False
        return page.messages[0].seq > self._contiguous + 1

    def _accept(self, message: RoomMessage) -> bool:
        if self._contiguous is not None and message.seq <= self._contiguous:
            return False
        self._contiguous = message.seq
        return True

    def _finish(self, contiguous: int) -> None:
        self._contiguous = contiguous
        self._state = CAUGHT
