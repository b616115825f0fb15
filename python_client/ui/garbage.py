"""垃圾回收只在界面线程里做。

循环回收会在碰巧分配内存的线程里运行。它若在网络线程里运行, 又碰巧收走一个 PhotoImage 或 Variable, 其 __del__
就在网络线程里调用 Tk: 轻则 RuntimeError, 重则死锁或崩溃。所以窗口开着时关掉自动回收, 由 after() 循环来做。
"""

from __future__ import annotations

import gc
import time

# 积到这么多个新对象才收年轻的一代; 约等于 CPython 的缺省
_YOUNG = 700
# 全量回收的间隔 (秒), 只在没有事件的那一轮; freeze 之后只看窗口打开以来的对象, 几毫秒
_FULL_EVERY_S = 60.0


class Garbage:
    """start 与 stop 成对; 之间每一轮 after 调用 collect。"""

    def __init__(self) -> None:
        self._was_enabled = False
        self._full_at = 0.0
        self._rounds = 0

    def start(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.disable()
        gc.collect()
        # 启动时的模块与类几乎永生: 移出扫描, 全量回收才短
        gc.freeze()
        self._full_at = time.monotonic() + _FULL_EVERY_S

    def collect(self, idle: bool) -> None:
        """年轻的一代每轮都可能, 中间的一代每十次一次, 全量的只在空闲时。"""
        now = time.monotonic()
        if idle and now >= self._full_at:
            self._full_at = now + _FULL_EVERY_S
            gc.collect()
        elif gc.get_count()[0] >= _YOUNG:
            self._rounds += 1
            gc.collect(1 if self._rounds % 10 == 0 else 0)

    def stop(self) -> None:
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()
