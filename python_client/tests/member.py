"""会话的测试用的一个人: 一个会话与它送出的全部事件, 可以等。"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Callable, TypeVar

from python_client.model.events import ConnectionChanged, Event, Joined, MessageArrived
from python_client.net.event_queue import EventQueue
from python_client.protocol.address import parse_address
from python_client.protocol.messages import TextMessage
from python_client.session import ChatSession

from .server import SluiceServer

WAIT_S = 20.0
Found = TypeVar("Found")
# 共用服务器时, 上一个测试里的人可能还没有下线: 名字各不相同
NUMBERS = count(1)


class Member:
    """一个会话与它送出的全部事件。"""

    def __init__(self, server: SluiceServer, name: str = "") -> None:
        self.name = name or f"成员{next(NUMBERS)}"
        self.events: list[Event] = []
        # 收到这一句时出错, 像界面的一处错误
        self.fails_on = ""
        self._arrived = asyncio.Event()
        self.session = ChatSession(parse_address(server.url), self.name, self._emit, EventQueue().room)
        self._task = asyncio.ensure_future(self.session.run())
        self._task.add_done_callback(lambda _: self._arrived.set())

    def _emit(self, event: Event) -> None:
        if isinstance(event, MessageArrived) and self.fails_on and text_of(event) == self.fails_on:
            raise ValueError(self.fails_on)
        self.events.append(event)
        self._arrived.set()

    async def until(self, found: Callable[[], Found | None], what: str) -> Found:
        async def wait() -> Found:
            while True:
                result = found()
                if result:
                    return result
                # 会话自己出错就不会再有事件: 立即失败, 不等到超时
                if self._task.done():
                    self._task.result()
                self._arrived.clear()
                await self._arrived.wait()

        try:
            return await asyncio.wait_for(wait(), WAIT_S)
        except asyncio.TimeoutError:
            raise AssertionError(f"没有等到 {what}: {self.events[-10:]}") from None

    async def online(self, times: int = 1) -> Joined:
        joins = await self.until(lambda: self.all_of(Joined)[times - 1 :], "加入")
        return joins[0]

    async def said(self, message: str) -> MessageArrived:
        def find() -> MessageArrived | None:
            return next((event for event in self.all_of(MessageArrived) if text_of(event) == message), None)

        return await self.until(find, message)

    def all_of(self, kind: type[Found]) -> list[Found]:
        return [event for event in self.events if isinstance(event, kind)]

    def texts(self) -> list[str]:
        return [text_of(event) for event in self.all_of(MessageArrived)]

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def text_of(event: MessageArrived) -> str:
    return event.message.message if isinstance(event.message, TextMessage) else event.message.original_name


def phases(member: Member) -> list[str]:
    return [event.state.phase for event in member.all_of(ConnectionChanged)]
