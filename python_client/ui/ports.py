"""界面对网络线程的要求; 由 net/network_thread.py 实现, 测试里由手里的队列实现。"""

from __future__ import annotations

from typing import Callable, Protocol

from ..client import Client
from ..model.events import Event


class Events(Protocol):
    def take(self, most: int) -> tuple[list[Event], bool]:
        """取出至多 most 个; 第二项: 还有没有。从不阻塞。"""


class Network(Protocol):
    """call 从不阻塞; stop 至多等 timeout_s, 返回线程是否都结束了。"""

    @property
    def events(self) -> Events:
        """网络线程放进来的。"""

    def start(self) -> None: ...

    def call(self, action: Callable[[Client], None]) -> None: ...

    def stop(self, timeout_s: float) -> bool: ...
