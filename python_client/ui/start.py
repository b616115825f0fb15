"""窗口的入口: 问名字, 建立界面, 开始连接, 直到关上。"""

from __future__ import annotations

import logging
import sys
import tkinter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Callable

from ..client import Client, ClientOptions
from ..net.network_thread import NetworkThread
from ..protocol.address import ServerAddress
from ..protocol.user_name import InvalidNameError, clean_user_name
from .ask_name import ask_name
from .interrupts import Interrupts
from .ports import Network
from .theme import prepare_dialogs, prepare_screen
from .window import Window

log = logging.getLogger(__name__)

OK = 0
# 没有显示器, 与命令行的用法错误同一个码
NO_DISPLAY = 2


def _forget(_: str) -> None:
    """不记名字。"""


@dataclass(frozen=True)
class WindowOptions:
    """name: 命令行给的, 合法就不再问。folder: 续传记录放在哪里。suggested_name: 预填上次的名字。"""

    address: ServerAddress
    name: str | None
    folder: Path | None
    suggested_name: str
    # 加入成功之后得到用上的名字
    remember_name: Callable[[str], None] = _forget


def run_window(options: WindowOptions) -> int:
    """返回退出码; 在主线程里调用, 关上窗口才返回。"""

    def make_network(name: str) -> Network:
        wanted = ClientOptions(options.address, name, options.folder)
        return NetworkThread(lambda events: Client(wanted, events.put, events.room))

    return run_with(options, make_network)


def run_with(options: WindowOptions, make_network: Callable[[str], Network]) -> int:
    """测试从这里进来, 换上自己的网络。"""
    prepare_screen()
    try:
        root = tkinter.Tk(className="Sluice")
    except tkinter.TclError as error:
        log.info("start.no_display error=%s", error)
        print("打不开窗口: 没有图形界面。可以改用 python -m python_client send 或 recv", file=sys.stderr)
        return NO_DISPLAY
    root.withdraw()
    interrupts = Interrupts(root, root.destroy)
    interrupts.start()
    try:
        _ask_and_chat(root, options, make_network, interrupts)
    finally:
        interrupts.restore()
    return interrupts.code(OK)


def _ask_and_chat(
    root: tkinter.Tk,
    options: WindowOptions,
    make_network: Callable[[str], Network],
    interrupts: Interrupts,
) -> None:
    prepare_dialogs(root)
    name = _name_to_use(root, options)
    if interrupts.number is not None:
        # 问名字时按了 Ctrl+C: 对话框与 root 都已经没有了
        return
    if name is None:
        root.destroy()
        return
    # 名字有了才建立界面, 在上面的循环之外; 连接在 open 里开始, 在后台线程
    window = Window(root, make_network(name), name, options.address.base.split("://", 1)[-1])
    window.remember = options.remember_name
    window.incoming.use_folder(options.folder)
    report_failures(root, window)
    interrupts.on_signal = window.close
    window.open()
    root.mainloop()


def _name_to_use(root: tkinter.Tk, options: WindowOptions) -> str | None:
    if options.name is None:
        return ask_name(root, options.suggested_name)
    try:
        return clean_user_name(options.name)
    except InvalidNameError as error:
        return ask_name(root, options.name, str(error))


def report_failures(root: tkinter.Tk, window: Window) -> None:
    """回调里的异常: 记进日志, 窗口里只写一行。每轮都出的同一个错只说一次。"""
    last = ""

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        nonlocal last
        if window.closed and isinstance(error, tkinter.TclError):
            # 关窗口时还开着的系统对话框: 它的部件已经没有了
            log.debug("start.closed error=%s", error)
            return
        seen = f"{kind.__name__}: {error}"
        if seen == last:
            return
        last = seen
        log.error("start.callback_failed", exc_info=(kind, error, trace))
        window.problem(f"程序出了点问题 ({kind.__name__}), 可以继续使用; 细节在日志里")

    root.report_callback_exception = report
