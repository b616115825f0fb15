"""唯一的 after() 循环: 从队列取事件交给处理者, 每轮有界, 然后让界面画一次。"""

from __future__ import annotations

import sys
import time
import tkinter
from typing import Callable

from ..model.events import Event
from .garbage import Garbage
from .ports import Events

# 每轮的上限: 个数与时间 (秒) 先到为准, 界面因此不会卡住
MAX_EVENTS = 200
BUDGET_S = 0.008
# 每次向队列要这么多: 预算用完时手里不会剩下很多
BATCH = 20
# 还有事件时很快再来, 但让 Tk 先处理输入与重画; 没有时每秒约三十次 (毫秒)
_BUSY_MS = 1
_IDLE_MS = 30
# 别的线程握着 GIL 时, 界面至多等这么久就轮到 (秒); 缺省的 5 毫秒在 2.5 GB 的上传里一轮要等好几次
_SWITCH_S = 0.001


class Pump:
    """handle 处理一个事件; flush 在每轮末尾调用一次, 把攒下的变化画出来。"""

    def __init__(
        self,
        root: tkinter.Tk,
        events: Events,
        handle: Callable[[Event], None],
        flush: Callable[[], None],
    ) -> None:
        self._root = root
        self._events = events
        self._handle = handle
        self._flush = flush
        self._garbage = Garbage()
        self._usual_switch_s = 0.0
        self._timer: str | None = None
        # 走过几轮, 两轮之间最长的间隔 (秒); 只为测量
        self.turns = 0
        self.longest_gap_s = 0.0
        self._ticked_at: float | None = None

    def start(self) -> None:
        self._garbage.start()
        self._usual_switch_s = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        self._timer = self._root.after(0, self._tick)

    def stop(self) -> None:
        if self._timer is not None:
            self._root.after_cancel(self._timer)
            self._timer = None
            self._garbage.stop()
            sys.setswitchinterval(self._usual_switch_s)

    def _tick(self) -> None:
        self._measure()
        more = False
        try:
            more = self._drain()
            self._flush()
        finally:
            # 处理者出了错也要有下一轮; 异常照常到 report_callback_exception
            if self._timer is not None:
                self._timer = self._root.after(_BUSY_MS if more else _IDLE_MS, self._tick)
        self._garbage.collect(idle=not more)

    def _drain(self) -> bool:
        deadline = time.perf_counter() + BUDGET_S
        more, handled = True, 0
        while more and handled < MAX_EVENTS and time.perf_counter() < deadline:
            events, more = self._events.take(BATCH)
            handled += len(events)
            for event in events:
                self._one(event)
        return more

    def _one(self, event: Event) -> None:
        try:
            self._handle(event)
        except Exception as error:
            # 一个事件处理不了, 不能带走同一批里其余的
            self._root.report_callback_exception(type(error), error, error.__traceback__)

    def _measure(self) -> None:
        self.turns += 1
        now = time.monotonic()
        if self._ticked_at is not None:
            self.longest_gap_s = max(self.longest_gap_s, now - self._ticked_at)
        self._ticked_at = now
