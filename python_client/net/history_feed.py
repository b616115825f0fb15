"""聊天消息的入口: 播出的, 加入时的一页, 补齐的; 不重不漏地放行。"""

from __future__ import annotations

import asyncio
import logging

from ..model.events import HasOlder, HistoryGap
from ..protocol.messages import History, RoomMessage, Welcome
from .catch_up import CATCH_UP_PAGE, FRESH, CatchUp
from .history_requests import HistoryRequests
from .ports import FeedPorts

log = logging.getLogger(__name__)

# 契约说加入之后总有一页历史: 有了播出的而它这么久还没有到, 就不再等 (秒)
PAGE_S = 1.0


class HistoryFeed:
    """随会话而生; 判断在 CatchUp 里, 这里管问与答。"""

    def __init__(self, ports: FeedPorts, requests: HistoryRequests) -> None:
        self._ports = ports
        self._requests = requests
        self._catch_up = CatchUp()
        # 第一页到来之前有播出的才走
        self._patience: asyncio.TimerHandle | None = None

    @property
    def after(self) -> int | None:
        """重连时 join 带的 after; 第一次没有。"""
        return self._catch_up.after

    def welcomed(self, welcome: Welcome) -> bool:
        """返回历史是否已丢失 (换了 epoch); 那时接着调用 restart。"""
        return self._catch_up.welcomed(welcome)

    def restart(self) -> None:
        """服务器按旧的 after 给的那一页没有意义, 从新的起点要。"""
        self._ports.emit(HasOlder((self._catch_up.after or 0) > 0))
        self._spawn_catch_up()

    def broadcast(self, message: RoomMessage) -> None:
        """播出的一条。"""
        if self._catch_up.broadcast(message):
            self._ports.deliver(message, True)
        elif self._catch_up.state == FRESH and self._patience is None:
            self._patience = asyncio.get_running_loop().call_later(PAGE_S, self._stop_waiting)

    def joined_page(self, page: History) -> None:
        """加入之后服务器主动给的一页。"""
        if page.ref is not None:
            # 迟到的应答, 已经没有人等: 当成补齐的一页会跳过中间的
            log.info("feed.late_page ref=%s", page.ref)
            return
        is_first = self._catch_up.after is None
        gap = self._catch_up.has_gap_before(page)
        messages, wants_more = self._catch_up.joined_page(page)
        if is_first:
            self._ports.emit(HasOlder(page.more))
        self._deliver_page(messages, gap)
        if wants_more:
            self._spawn_catch_up()

    def close(self) -> None:
        """会话结束。"""
        if self._patience is not None:
            self._patience.cancel()

    def _stop_waiting(self) -> None:
        self._patience = None
        messages = self._catch_up.release()
        if messages:
            log.info("feed.no_page count=%d", len(messages))
            # 早先的也许有, 由用户去要
            self._ports.emit(HasOlder(True))
            self._deliver_page(messages, False)

    def _deliver_page(self, messages: list[RoomMessage], gap: bool) -> None:
        if gap:
            self._ports.emit(HistoryGap())
        for message in messages:
            try:
                self._ports.deliver(message, self._catch_up.is_live(message))
            except Exception as error:
                # 整页都已算作收到: 一条的错误不能丢了后面的
                self._ports.broken(error)

    async def _load_missed(self) -> None:
        wants_more = True
        while wants_more:
            page = await self._requests.request(CATCH_UP_PAGE, after=self._catch_up.after)
            gap = self._catch_up.has_gap_before(page)
            messages, wants_more = self._catch_up.page(page)
            self._deliver_page(messages, gap)

    def _spawn_catch_up(self) -> None:
        self._ports.spawn(self._load_missed()).add_done_callback(self._caught_up)

    def _caught_up(self, task: asyncio.Future[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            # 没有补齐就不能接着往下放: 重连后从 after 再来
            self._ports.rejoin()
