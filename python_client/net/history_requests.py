"""历史, 搜索与传输票的一问一答: 应答凭 ref 对上; 没有 ref 的是加入时服务器主动给的。"""

from __future__ import annotations

import asyncio
from typing import Callable, Union

from ..protocol import client_frames
from ..protocol.errors import describe_error
from ..protocol.messages import History, SearchPage, ServerError, ServerMessage, TransferTicket
from ..protocol.search_query import utc_offset_minutes
from .retry_after import told_s

# 同时在问的上限: 正常至多九个 (补齐, 更早的, 文件列表, 搜索, 那时的聊天的两头, 三条传输连接的票)
MAX_WAITING = 12
TIMEOUT_S = 15.0
# 太频繁时等这么久再问 (秒), 至多问几次
RATE_LIMITED_S = 1.0
MAX_TRIES = 5

_Page = Union[History, SearchPage, TransferTicket]


class HistoryError(Exception):
    """没有取到: 断线, 超时, 或服务器拒绝; 说明就是给用户看的一句。"""


class HistoryRequests:
    """send: 把一帧交给连接, 不在线返回 False。"""

    def __init__(self, send: Callable[[str], bool]) -> None:
        self._send = send
        # 秒数: 服务器说过这么久再问
        self._waiting: dict[str, asyncio.Future[_Page | float]] = {}
        self._count = 0
        # 断线的次数: 等着再问的不会问到下一条连接上去
        self._cuts = 0

    async def request(
        self,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
        kind: str | None = None,
    ) -> History:
        """一页历史。错误: HistoryError。"""

        def frame(ref: str) -> str:
            return client_frames.history(ref, limit, before=before, after=after, kind=kind)

        page = await self._ask_patiently(frame)
        if not isinstance(page, History):
            raise HistoryError("服务器的应答对不上")
        return page

    async def search(self, query: str, limit: int, before: int | None) -> SearchPage:
        """一页搜索结果。错误: HistoryError。"""

        def frame(ref: str) -> str:
            return client_frames.search(ref, query, limit, before=before, utc_offset=utc_offset_minutes())

        page = await self._ask_patiently(frame)
        if not isinstance(page, SearchPage):
            raise HistoryError("服务器的应答对不上")
        return page

    async def transfer_ticket(self) -> str:
        """一条传输连接用的票。错误: HistoryError。"""
        reply = await self._ask_patiently(client_frames.transfer_ticket)
        if not isinstance(reply, TransferTicket):
            raise HistoryError("服务器的应答对不上")
        return reply.ticket

    async def _ask_patiently(self, frame: Callable[[str], str]) -> _Page:
        cuts = self._cuts
        for _ in range(MAX_TRIES):
            self._count += 1
            ref = f"h{self._count}"
            page = await self._ask(ref, frame(ref))
            if not isinstance(page, float):
                return page
            await asyncio.sleep(max(RATE_LIMITED_S, page))
            if cuts != self._cuts:
                raise HistoryError("连接断开了")
        raise HistoryError("服务器太忙, 请稍后再试")

    async def _ask(self, ref: str, frame: str) -> _Page | float:
        if len(self._waiting) >= MAX_WAITING:
            raise HistoryError("同时要的太多, 请稍后再试")
        if not self._send(frame):
            raise HistoryError("还没有连上服务器")
        reply: asyncio.Future[_Page | float] = asyncio.get_running_loop().create_future()
        self._waiting[ref] = reply
        try:
            return await asyncio.wait_for(reply, TIMEOUT_S)
        except asyncio.TimeoutError as error:
            raise HistoryError("服务器没有按时应答") from error
        finally:
            self._waiting.pop(ref, None)

    def settle(self, message: ServerMessage) -> bool:
        """是某次请求的应答或错误就了结它, 返回 True。"""
        if not isinstance(message, (History, SearchPage, TransferTicket, ServerError)):
            return False
        reply = self._waiting.pop(message.ref or "", None)
        if reply is None:
            return False
        # 已超时的不再要
        if not reply.done():
            if not isinstance(message, ServerError):
                reply.set_result(message)
            elif message.retryable:
                reply.set_result(told_s(message.facts))
            else:
                reply.set_exception(HistoryError(describe_error(message.code, message.message)))
        return True

    def reject_all(self) -> None:
        """断线: 全部作废, 由调用者决定要不要再问。"""
        self._cuts += 1
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(HistoryError("连接断开了"))
        self._waiting.clear()
