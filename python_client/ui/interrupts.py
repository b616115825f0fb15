"""终端里的 Ctrl+C 与 SIGTERM: 记下信号, 由 Tk 的定时器来收拾; 异常因此不会落在回调的半途。"""

from __future__ import annotations

import signal
import tkinter
from types import FrameType
from typing import Any, Callable

# 多久看一次 (毫秒): Tk 在等事件时 Python 的信号处理没有机会运行, 对话框开着时也靠它
_EVERY_MS = 100


class Interrupts:
    """start 与 restore 成对, 在主线程里; on_signal 可以换, 只调用一次。"""

    def __init__(self, root: tkinter.Tk, on_signal: Callable[[], None]) -> None:
        self._root = root
        self.on_signal = on_signal
        # 收到的信号; 没有则为 None
        self.number: int | None = None
        self._before: dict[int, Any] = {}

    def start(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            # 后台运行的 shell 任务 (命令后面有 &) 忽略 Ctrl+C, 不改变它
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._caught)
        self._look()

    def restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def code(self, usual: int) -> int:
        """退出码, 同 shell 的惯例: Ctrl+C 是 130, SIGTERM 是 143。"""
        return usual if self.number is None else 128 + self.number

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self.number = number

    def _look(self) -> None:
        if self.number is None:
            # 窗口没有了, 定时器也就没有了
            self._root.after(_EVERY_MS, self._look)
        else:
            self.on_signal()
