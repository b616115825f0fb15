"""核心 -> 命令行的事件, 在同一个循环里: 有界的队列, 加上可以等。"""

from __future__ import annotations

import asyncio

from ..model.events import Event
from ..net.event_queue import EventQueue


class Inbox:
    """put 与 wake 只在循环的线程里调用; room 交给核心作背压。"""

    def __init__(self) -> None:
        self._queue = EventQueue()
        self._changed = asyncio.Event()
        self.room = self._queue.room

    def put(self, event: Event) -> None:
        self._queue.put(event)
        self._changed.set()

    def wake(self) -> None:
        """让 wait 返回, 例如收到了信号。"""
        self._changed.set()

    def take(self) -> Event | None:
        """下一个事件; 没有则为 None。"""
        events, _ = self._queue.take(1)
        return events[0] if events else None

    async def wait(self, timeout_s: float | None) -> None:
        """等到有变化, 或到了时间。"""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except asyncio.TimeoutError:
            # 到了时间也是一种结果, 由调用者看钟
            return
        finally:
            self._changed.clear()
