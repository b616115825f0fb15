"""命令行的主干: 读参数, 查环境, 定设置, 然后交给窗口或 headless。"""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
from typing import Sequence

from . import __version__, arguments, preflight
from .headless.json_lines import is_reader_gone
from .headless.options import FAILED, OK, USAGE, ReceiveOptions, SearchOptions, SendOptions, interrupted
from .headless.terminal import Terminal
from .model.os_errors import describe_os_error
from .settings import Remembered, Settings, UsageError, load_settings, log_level, merge, save_remembered

log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """返回退出码; 用户看得到的说明都已写到 stderr。"""
    _use_utf8()
    terminal = Terminal(sys.stderr)
    try:
        chosen = arguments.parse(argv)
        if chosen.command in (arguments.HELP, arguments.VERSION):
            return _print(chosen.text or f"{__version__}\n", terminal)
        return _start(chosen, terminal)
    except KeyboardInterrupt:
        # 还在准备: 没有要收拾的
        return interrupted(signal.SIGINT)
    except UsageError as error:
        terminal.line(str(error))
        return USAGE


def _print(text: str, terminal: Terminal) -> int:
    if sys.stdout is None:
        return OK
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # 没有写出的还在缓冲里: 退出时再写一次, 又会出错
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if is_reader_gone(error):
            return OK
        terminal.line(f"输出 (stdout) 写不出去: {describe_os_error(error)}")
        return FAILED
    return OK


def _start(chosen: arguments.Arguments, terminal: Terminal) -> int:
    merged = merge(chosen.common, os.environ)
    _configure_logging(log_level(merged), terminal)
    problem = preflight.packages_problem()
    if not problem and chosen.command == arguments.WINDOW:
        problem = preflight.window_problem(os.environ)
    if problem:
        raise UsageError(problem)
    settings = load_settings(merged, os.environ)
    if settings.warning:
        terminal.line(settings.warning)
    if chosen.options is None:
        return _open_window(settings)
    return _run_headless(chosen.options, settings, terminal)


def _open_window(settings: Settings) -> int:
    # 到这里才引用: 子命令不该因为没有 Tk 而失败
    from .ui.start import WindowOptions, run_window

    def remember(name: str) -> None:
        if settings.folder is not None:
            save_remembered(settings.folder, Remembered(name, settings.address.base))

    return run_window(
        WindowOptions(
            address=settings.address,
            name=settings.name,
            folder=settings.folder,
            suggested_name=settings.suggested_name,
            remember_name=remember,
        )
    )


def _run_headless(
    options: SendOptions | ReceiveOptions | SearchOptions, settings: Settings, terminal: Terminal
) -> int:
    if isinstance(options, SearchOptions):
        from .headless.search import search

        return search(options, settings.address, terminal)
    name = settings.name or settings.suggested_name
    if not name:
        raise UsageError("请用 --name 给出聊天里的名字")
    # 到这里才引用: websockets 已经查过
    from .client import ClientOptions
    from .headless.receive import receive
    from .headless.send import send

    if isinstance(options, SendOptions):
        return send(options, ClientOptions(settings.address, name, settings.folder, restore=False), terminal)
    return receive(options, ClientOptions(settings.address, name, None), terminal)


def _configure_logging(level: str, terminal: Terminal) -> None:
    # 日志与进度共用 stderr: 经 terminal 写, 先擦掉进度那一行
    handler = logging.StreamHandler(terminal)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    # 它在 debug 里逐帧记录, 含文件内容
    logging.getLogger("websockets").setLevel(logging.WARNING)


def _use_utf8() -> None:
    # Windows 上写进文件或管道时缺省是本地编码, JSON 与日志都该是 UTF-8
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
