"""网络线程 -> 界面线程的队列: 有界, 同一项传输与正在上传的表只留最新的快照。"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict

from ..model.events import Event, OffersChanged, TransferChanged

# 积到这么多就不再从服务器读: 界面卡住时由服务器判断 (4008), 重连后补齐, 内存不会一直涨
MAX_WAITING = 1000
# 满的时候隔这么久再看一次 (秒)
ROOM_POLL_S = 0.02


class EventQueue:
    """put 从不阻塞; 读帧的协程在读下一帧之前 await room()。超出上限的只有一帧所含的事件。"""

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._events: OrderedDict[int | str, Event] = OrderedDict()
        self._count = 0

    def put(self, event: Event) -> None:
        """任何线程都可以调用。"""
        with self._lock:
            if isinstance(event, TransferChanged):
                # 进度每秒几次: 界面还没看的旧快照没有用。留在原来的位置, 次序不变
                self._events[event.transfer.id] = event
                return
            if isinstance(event, OffersChanged):
                # 同样每项每秒一次, 而每次都是整张表
                self._events["offers"] = event
                return
            self._count += 1
            self._events[self._count] = event

    def take(self, most: int) -> tuple[list[Event], bool]:
        """取出至多 most 个, 先来的在前; 第二项: 还有没有。"""
        with self._lock:
            events = [self._events.popitem(last=False)[1] for _ in range(min(most, len(self._events)))]
            return events, len(self._events) > 0

    async def room(self) -> None:
        """等到队列有空; 读帧之前调用, 由此形成背压。"""
        # len 在 CPython 里是原子的, 不必拿锁
        while len(self._events) >= self._max_waiting:
            await asyncio.sleep(ROOM_POLL_S)
