"""Ctrl+C 与 SIGTERM: 先请它收拾好再结束; 第二次, 或 2 秒内没有收拾完, 就立即结束。"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from types import FrameType
from typing import Callable

from .options import FAILED, interrupted

# 从信号到进程消失的上限 (秒), 略小于答应的 2 秒
GRACE_S = 1.8


class Interrupts:
    """number 是收到的信号, 没有则为 None; on_signal 在循环的线程里调用。"""

    def __init__(self, on_signal: Callable[[], None]) -> None:
        self.number: int | None = None
        self._on_signal = on_signal
        self._loop = asyncio.get_running_loop()
        # 先启动好: 在信号处理里启动线程, 碰上主线程自己正在启动线程就会死锁
        self._signalled = threading.Event()
        threading.Thread(target=self._leave, name="sluice-interrupts", daemon=True).start()
        # signal.signal 在每个系统上都有; Windows 的循环没有 add_signal_handler
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            number = getattr(signal, name, None)
            # 后台运行的 shell 任务 (命令后面有 &) 忽略 Ctrl+C, 不改变它
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._caught)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            os._exit(interrupted(number))
        self.number = number
        self._signalled.set()
        try:
            self._loop.call_soon_threadsafe(self._on_signal)
        except RuntimeError:
            # 循环已关闭: 正在退出
            return

    def _leave(self) -> None:
        self._signalled.wait()
        time.sleep(GRACE_S)
        os._exit(FAILED if self.number is None else interrupted(self.number))


def leave_within(seconds: float, code: int) -> None:
    """到时还没有结束就立即结束: 线程池里可能卡着域名解析或网络磁盘。记录都是先写旁边再改名, 不怕中断。"""
    timer = threading.Timer(seconds, os._exit, (code,))
    timer.daemon = True
    timer.start()
