"""真的 Tk 在 Xvfb 上: 窗口, 看守 (别的线程碰 Tk 就算失败), 剧本。"""

from __future__ import annotations

import logging
import os
import threading
import time
import tkinter
import traceback
from types import TracebackType
from typing import Any, Callable, Generator

import pytest
from PIL import Image, ImageGrab

from ..client import Client
from ..model.events import Event
from ..net.event_queue import EventQueue
from ..ui.ports import Network
from ..ui.start import report_failures
from ..ui.window import Window

# 等一件事的期限 (秒); 平时几十毫秒, 只在真的坏了时用完
DEADLINE_S = 15.0
# 剧本: 每次 yield 一个条件, 成立 (不为假) 才往下走, 并得到它的值
Script = Generator[Callable[[], Any], Any, None]


class GuardedTk:
    """代替 root.tk: 部件, 图片与变量都从这里拿, 所以之后建立的也看得见。"""

    def __init__(self, real: Any, foreign: list[str]) -> None:
        self._real = real
        self._foreign = foreign

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if not callable(value):
            return value

        def checked(*arguments: Any) -> Any:
            if threading.current_thread() is not threading.main_thread():
                stack = "".join(traceback.format_stack(limit=6))
                self._foreign.append(f"{threading.current_thread().name}: {name}{arguments[:3]}\n{stack}")
            return value(*arguments)

        # 下次不再经过这里: 每个部件的每个选项都是一次调用
        self.__dict__[name] = checked
        return checked


class HandFedNetwork:
    """没有服务器的测试: 事件由测试放进真的队列, 窗口交代的事记下名字与参数。"""

    def __init__(self) -> None:
        self.events = EventQueue()
        self.done: list[tuple[Any, ...]] = []

    def start(self) -> None:
        self.done.append(("start",))

    def stop(self, timeout_s: float) -> bool:
        self.done.append(("stop",))
        return True

    def call(self, action: Callable[[Client], None]) -> None:
        # 只记客户端的哪个方法: 参数的类型由 mypy 对着 Client 检查
        action(_Recorder(self.done))  # type: ignore[arg-type]

    def put(self, *events: Event) -> None:
        for event in events:
            self.events.put(event)

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """交代过的叫这个名字的事的参数。"""
        return [item[1:] for item in self.done if item[0] == name]


class _Recorder:
    def __init__(self, done: list[tuple[Any, ...]]) -> None:
        self._done = done

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self._done.append((name, *arguments))


class Desktop:
    """一个测试的全部窗口。结束时检查: 没有回调的异常, 没有别的线程碰过 Tk, 没有留下线程。"""

    def __init__(self) -> None:
        self.foreign: list[str] = []
        self.problems: list[str] = []
        self.roots: list[tkinter.Tk] = []
        self._windows: list[Window] = []
        self._scripts: list[Callable[[tkinter.Tk], Script]] = []
        self._threads = set(threading.enumerate())
        self._collector = _Collector(self.problems)
        self._tk_init = tkinter.Tk.__init__

    def open(self, network: Network, name: str = "张三") -> Window:
        """一个开着的窗口, 大小固定, 已经画好。"""
        root = tkinter.Tk(className="Sluice")
        root.withdraw()
        window = Window(root, network, name, "127.0.0.1:3000")
        report_failures(root, window)
        self._windows.append(window)
        root.geometry("900x640+0+0")
        window.open()
        wait_until(window.root, lambda: window.log.text.winfo_height() > 100)
        return window

    def play(self, script: Callable[[tkinter.Tk], Script]) -> None:
        """下一个 Tk 建立之后, 剧本在它的 after 循环里走 (mainloop 与对话框都拦不住)。"""
        self._scripts.append(script)

    def _created(self, root: tkinter.Tk) -> None:
        root.tk = GuardedTk(root.tk, self.foreign)  # type: ignore[assignment]
        self.roots.append(root)
        if self._scripts:
            self._step(root, self._scripts.pop(0)(root), None, time.monotonic() + DEADLINE_S)

    def _step(
        self, root: tkinter.Tk, script: Script, awaited: Callable[[], Any] | None, deadline: float
    ) -> None:
        try:
            value = awaited() if awaited is not None else None
            if awaited is not None and not value:
                assert time.monotonic() < deadline, "剧本里等的事没有来"
            else:
                awaited = script.send(value)
                deadline = time.monotonic() + DEADLINE_S
        except StopIteration:
            return
        except Exception as error:
            self.problems.append("".join(traceback.format_exception(type(error), error, error.__traceback__)))
            root.destroy()
            return
        root.after(10, self._step, root, script, awaited, deadline)

    def __enter__(self) -> Desktop:
        desktop = self

        def guarded(root: tkinter.Tk, *arguments: Any, **options: Any) -> None:
            desktop._tk_init(root, *arguments, **options)
            desktop._created(root)

        tkinter.Tk.__init__ = guarded  # type: ignore[method-assign, assignment]
        logging.getLogger("python_client").addHandler(self._collector)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for window in self._windows:
            window.close()
        tkinter.Tk.__init__ = self._tk_init  # type: ignore[method-assign]
        logging.getLogger("python_client").removeHandler(self._collector)
        if error is None:
            self.check()

    def check(self) -> None:
        assert self.problems == []
        assert self.foreign == [], f"别的线程碰了 Tk: {self.foreign[0]}"
        left = [thread for thread in threading.enumerate() if thread not in self._threads]
        for thread in left:
            thread.join(DEADLINE_S)
        assert not any(thread.is_alive() for thread in left), f"留下了线程: {left}"


class _Collector(logging.Handler):
    """回调里的异常与线程里的崩溃都以 error 记进日志。"""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._problems = problems

    def emit(self, record: logging.LogRecord) -> None:
        self._problems.append(logging.Formatter().format(record))


def wait_until(root: tkinter.Misc, predicate: Callable[[], Any], timeout_s: float = DEADLINE_S) -> Any:
    """让界面走着, 直到条件成立; 返回它的值。"""
    deadline = time.monotonic() + timeout_s
    while True:
        root.update()
        value = predicate()
        if value:
            return value
        assert time.monotonic() < deadline, "等的事没有来"
        time.sleep(0.005)


def drained(window: Window, network: HandFedNetwork) -> None:
    """放进去的事件都处理完, 而且画好了。"""
    done = threading.Event()
    wait_until(window.root, lambda: len(network.events._events) == 0)
    # 队列空了的那一轮可能还在画: 下一轮之后才算
    window.root.after(40, done.set)
    wait_until(window.root, done.is_set)


def turns_until_drained(window: Window, network: HandFedNetwork) -> int:
    """处理完要几轮。"""
    before = window.pump.turns
    drained(window, network)
    return window.pump.turns - before


def shown(window: Window) -> str:
    """聊天记录里的文字。"""
    return window.log.text.get("1.0", "end-1c")


def watch_browser(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """浏览器被要求打开的网址; 真的浏览器不会打开。"""
    opened: list[str] = []

    def open_url(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_url)
    return opened


def screenshot(root: tkinter.Tk) -> Image.Image:
    root.update()
    x, y = root.winfo_rootx(), root.winfo_rooty()
    box = (x, y, x + root.winfo_width(), y + root.winfo_height())
    return ImageGrab.grab(bbox=box, xdisplay=os.environ["DISPLAY"])


def click_text(text: tkinter.Text, words: str, button: int = 1) -> None:
    """点记录里第一处这几个字。"""
    position = text.search(words, "1.0")
    assert position, f"没有这几个字: {words}"
    text.see(position)
    text.update()
    box = text.bbox(position)
    assert box is not None
    x, y = box[0] + box[2] // 2, box[1] + box[3] // 2
    text.event_generate("<Motion>", x=x, y=y)
    text.event_generate(f"<Button-{button}>", x=x, y=y)
    text.event_generate(f"<ButtonRelease-{button}>", x=x, y=y)
    text.update()
