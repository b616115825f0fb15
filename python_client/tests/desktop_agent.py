"""真的窗口, 由别的进程 (网页测试, 压测) 经 stdin 上的 JSON 行指挥; 应答在 stdout 上, 一行一个。

用法: python -m python_client.tests.desktop_agent --url URL --name NAME [--folder DIR]
窗口从用户的同一个入口建立。没有 DISPLAY 时自己起一个虚拟屏幕。
请求 {"id":1,"do":"say","timeoutMs":15000,...}, 应答 {"id":1,"value":...} 或 {"id":1,"error":"..."}。
第一行应答的 id 是 0: 窗口开好了。stdin 到头等于 close。
退出码: 0 正常; 1 期间有回调出错, 或关窗口之后网络线程还在。
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import queue
import sys
import threading
import time
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Sequence
from unittest.mock import patch

from ..protocol.address import parse_address
from ..ui import start
from ..ui.start import WindowOptions, run_window
from ..ui.window import Window
from .desktop_hands import DesktopHands, Poll, Request
from .display import Display

# 间隔的刻度 (毫秒); 也是重试条件的间隔
TICK_MS = 10
# 没有说等多久的请求 (毫秒)
DEFAULT_TIMEOUT_MS = 15_000
# 读进来还没有轮到的请求; 满了就不再读, 由管道挡住对方
_MAX_WAITING = 100


class DesktopAgent:
    """waiting --取到请求--> acting --成立, 出错或超时--> waiting;  close --> closed

    读 stdin 的线程只往队列里放; 碰部件的都在 Tk 的 after() 循环里。
    """

    def __init__(self, hands: DesktopHands) -> None:
        self._hands = hands
        self._requests: queue.Queue[Request] = queue.Queue(_MAX_WAITING)
        self._request: Request = {}
        # 正在等的条件; None: 没有请求
        self._poll: Poll | None = None
        self._deadline_s = 0.0
        self._ticked_s = time.perf_counter()
        self._closed = False

    def attach(self, window: Window) -> None:
        """窗口建好之后, 打开之前; 在 Tk 的线程里。"""
        self._hands.window = window
        self._answer(
            0, value={"python": platform.python_version(), "tk": window.root.tk.call("info", "patchlevel")}
        )
        threading.Thread(target=self._read, name="agent-stdin", daemon=True).start()
        self._ticked_s = time.perf_counter()
        window.root.after(TICK_MS, self._tick)

    def _read(self) -> None:
        # 不经缓冲: 解释器退出时不会等这个线程手里的锁
        with open(0, "rb", buffering=0, closefd=False) as stream:
            for line in stream:
                self._requests.put(json.loads(line))
        self._requests.put({"id": -1, "do": "close"})

    def _tick(self) -> None:
        now = time.perf_counter()
        self._hands.longest_gap_s = max(self._hands.longest_gap_s, now - self._ticked_s)
        self._ticked_s = now
        try:
            self._advance(now)
        except Exception:
            self._finish(error=traceback.format_exc())
        if not self._closed:
            self._hands.window.root.after(TICK_MS, self._tick)

    def _advance(self, now: float) -> None:
        if self._poll is None:
            try:
                self._request = self._requests.get_nowait()
            except queue.Empty:
                return
            self._deadline_s = now + self._request.get("timeoutMs", DEFAULT_TIMEOUT_MS) / 1000
            if self._request["do"] == "close":
                self._closed = True
                self._hands.close()
                self._finish(value=True)
                return
            self._poll = self._hands.begin(self._request)
        value = self._poll()
        if value is not None:
            self._finish(value=value)
        elif now > self._deadline_s:
            self._finish(error=f"没有等到 {self._request}; 窗口里: {self._hands.describe()}")

    def _finish(self, **outcome: Any) -> None:
        self._poll = None
        self._answer(self._request.get("id", -1), **outcome)

    def _answer(self, number: int, **outcome: Any) -> None:
        sys.stdout.write(json.dumps({"id": number, **outcome}) + "\n")
        sys.stdout.flush()


class _Problems(logging.Handler):
    """回调里的异常与线程里的崩溃都以 error 记进日志。"""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args(argv)
    problems = _Problems()
    logging.basicConfig(level=logging.WARNING, handlers=[logging.StreamHandler(), problems])
    options = WindowOptions(parse_address(chosen.url), chosen.name, chosen.folder, "")
    with ExitStack() as cleanup:
        if not os.environ.get("DISPLAY") and sys.platform == "linux":
            display = Display(with_last=True)
            cleanup.callback(display.stop)
            os.environ["DISPLAY"] = display.name
        hands = DesktopHands()
        cleanup.enter_context(hands.intercepted())
        agent = DesktopAgent(hands)

        def build(*arguments: Any) -> Window:
            window = Window(*arguments)
            agent.attach(window)
            return window

        # 入口不交出窗口: 在它建立窗口的地方接上
        cleanup.enter_context(patch.object(start, "Window", build))
        code = run_window(options)
    left = [thread.name for thread in threading.enumerate() if thread.name == "sluice-network"]
    if left:
        print("关窗口之后网络线程还在", file=sys.stderr)
    return code or int(problems.count > 0 or bool(left))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
