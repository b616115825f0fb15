"""用浏览器打开网址, 用系统打开本地的文件与文件夹; 都在一次性的线程里, webbrowser 可能等上几秒。"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Callable

log = logging.getLogger(__name__)

# 同时在打开的; 连点很多下时多的不理
_MAX_OPENING = 8


class Opener:
    """failures 在界面线程里取: 没有打开成的网址与路径。"""

    def __init__(self) -> None:
        self._room = threading.Semaphore(_MAX_OPENING)
        self._failed: queue.SimpleQueue[str] = queue.SimpleQueue()

    def open_url(self, url: str) -> None:
        """url 已知是 http 或 https。"""
        self._start(url, lambda: webbrowser.open(url))

    def open_path(self, path: Path) -> None:
        """文件用它自己的程序, 文件夹用文件管理器。"""
        self._start(str(path), lambda: _open_path(path))

    def failures(self) -> list[str]:
        found = []
        while not self._failed.empty():
            found.append(self._failed.get_nowait())
        return found

    def _start(self, target: str, action: Callable[[], bool]) -> None:
        if not self._room.acquire(blocking=False):
            log.info("opener.busy")
            return
        # daemon: 浏览器不应答时, 程序照常退出
        threading.Thread(target=self._run, args=(target, action), name="opener", daemon=True).start()

    def _run(self, target: str, action: Callable[[], bool]) -> None:
        try:
            if not action():
                self._failed.put(target)
        except (OSError, ValueError, webbrowser.Error) as error:
            # ValueError: 命令行里放不下的字符
            log.warning("opener.failed error=%s", error)
            self._failed.put(target)
        finally:
            self._room.release()


def _open_path(path: Path) -> bool:
    if sys.platform == "win32":
        os.startfile(path)
        return True
    # macOS 的 open, Linux 的 xdg-open; webbrowser 认得本机的地址
    return webbrowser.open(path.as_uri())
