"""stderr 上给人看的: 一行一行的说明, 是终端时还有一行原地更新的进度。"""

from __future__ import annotations

import shutil
import unicodedata
from typing import TextIO

from ..model.human_text import safe_name

# 擦到行尾; 只写给终端
_ERASE = "\r\x1b[K"


class Terminal:
    """日志也写到这里 (write 与 flush), 不会与进度混成一行。stream 为 None (没有 stderr) 时什么都不写。"""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.is_live = stream is not None and stream.isatty()
        self._has_live_line = False

    def line(self, text: str) -> None:
        """一行说明; 文件名里的控制字符不会移动光标。"""
        self.write(safe_name(text) + "\n")

    def live(self, text: str) -> None:
        """换掉原地更新的那一行; 不是终端时不显示。"""
        if self.is_live:
            columns = shutil.get_terminal_size().columns
            self._put(_ERASE + cut_to_width(safe_name(text), columns - 1))
            self._has_live_line = True

    def clear(self) -> None:
        """擦掉原地更新的那一行。"""
        if self._has_live_line:
            self._has_live_line = False
            self._put(_ERASE)

    def write(self, text: str) -> None:
        self.clear()
        self._put(text)

    def flush(self) -> None:
        """每次写都已送出。"""

    def _put(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # 终端关了, 或管道的读者走了: 说明没有人看, 传输照常
            self._stream = None


def cut_to_width(text: str, columns: int) -> str:
    """截到 columns 格宽, 汉字占两格; 截掉的以 ~ 结尾。"""
    widths = [2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text]
    if sum(widths) <= columns:
        return text
    used = 0
    for index, width in enumerate(widths):
        used += width
        if used > columns - 1:
            return text[:index] + "~"
    return text
