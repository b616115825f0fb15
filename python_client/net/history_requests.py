"""历史的一问一答: 应答凭 ref 对上; 没有 ref 的是加入时服务器主动给的。"""

from __future__ import annotations

import asyncio
from typing import Callable

from ..protocol import client_frames
from ..protocol.messages import History, ServerError, ServerMessage

# 同时在问的上限: 正常至多三个 (补齐, 更早的, 文件列表)
MAX_WAITING = 8
TIMEOUT_S = 15.0
# 太频繁时等这么久再问 (秒), 至多问几次
RATE_LIMITED_S = 1.0
MAX_TRIES = 5


class HistoryError(Exception):
    """没有取到: 断线, 超时, 或服务器拒绝。"""


class HistoryRequests:
    """send: 把一帧交给连接, 不在线返回 False。"""

    def __init__(self, send: Callable[[str], bool]) -> None:
        self._send = send
        # None: 服务器说一会儿再问
        self._waiting: dict[str, asyncio.Future[History | None]] = {}
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
        cuts = self._cuts
        for _ in range(MAX_TRIES):
            self._count += 1
            ref = f"h{self._count}"
            page = await self._ask(
                ref, client_frames.history(ref, limit, before=before, after=after, kind=kind)
            )
            if page is not None:
                return page
            await asyncio.sleep(RATE_LIMITED_S)
            if cuts != self._cuts:
                raise HistoryError("连接断开")
        raise HistoryError("服务器一直说太频繁")

    async def _ask(self, ref: str, frame: str) -> History | None:
        if len(self._waiting) >= MAX_WAITING:
            raise HistoryError("同时在问的历史太多")
        if not self._send(frame):
            raise HistoryError("没有连上")
        reply: asyncio.Future[History | None] = asyncio.get_running_loop().create_future()
        self._waiting[ref] = reply
        try:
            return await asyncio.wait_for(reply, TIMEOUT_S)
        except asyncio.TimeoutError as error:
            raise HistoryError("历史没有按时到") from error
        finally:
            self._waiting.pop(ref, None)

    def settle(self, message: ServerMessage) -> bool:
        """是某次请求的应答或错误就了结它, 返回 True。"""
        if not isinstance(message, (History, ServerError)):
            return False
        reply = self._waiting.pop(message.ref or "", None)
        if reply is None:
            return False
        # 已超时的不再要
        if not reply.done():
            if isinstance(message, History):
                reply.set_result(message)
            elif message.retryable:
                reply.set_result(None)
            else:
                reply.set_exception(HistoryError(message.code))
        return True

    def reject_all(self) -> None:
        """断线: 全部作废, 由调用者决定要不要再问。"""
        self._cuts += 1
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(HistoryError("连接断开"))
        self._waiting.clear()
