"""文件列表里的一行怎么写: 放得下, 看得见扩展名; 重名的写明是谁何时发的, 还在上传的写明传了多少。"""

from __future__ import annotations

from collections import Counter
from datetime import date
from tkinter import font as tkfont
from typing import Sequence

from ..model.file_index import MAX_FILES
from ..model.human_text import format_percent, format_short_date, safe_name
from ..protocol.messages import FileOffer, SharedFile
from .file_name import fit

# 列表窄: 各三四个字; 选中时下面一行写全
_OFFER_STATES = {"sending": "上传中", "paused": "已暂停", "waiting": "等待中"}
# 重名的一行里, 名字与来历各至少占到一半
_HALF = 2


class FileLines:
    """量文字要问 Tk, 所以写过的记着; 宽度变了就全部重写。"""

    def __init__(self, font: tkfont.Font) -> None:
        self._font = font
        self._width = 0
        # (名字, 来历) -> 写法
        self._written: dict[tuple[str, str], str] = {}

    def lines(self, files: Sequence[SharedFile], width: int) -> list[str]:
        """width 是像素; 次序与 files 相同。"""
        if width != self._width or len(self._written) > 2 * MAX_FILES:
            self._width, self._written = width, {}
        counts = Counter(file.original_name for file in files)
        today = date.today()
        return [self._line(file, _origin(file, today, counts[file.original_name] > 1)) for file in files]

    def _line(self, file: SharedFile, origin: str) -> str:
        key = (file.original_name, origin)
        if key not in self._written:
            write = self._write_coming if isinstance(file, FileOffer) else self._write
            self._written[key] = write(safe_name(file.original_name), origin)
        return self._written[key]

    def _write_coming(self, name: str, progress: str) -> str:
        # 进度在前: 名字的结尾省不掉, 列表窄时在后的会被切掉
        return progress + fit(name, self._font, self._width - self._font.measure(progress))

    def _write(self, name: str, origin: str) -> str:
        if origin:
            origin = fit(
                origin, self._font, max(self._width // _HALF, self._width - self._font.measure(name))
            )
        return fit(name, self._font, self._width - self._font.measure(origin)) + origin


def _origin(file: SharedFile, today: date, has_twin: bool) -> str:
    if isinstance(file, FileOffer):
        return f"{_OFFER_STATES.get(file.state, '上传中')} {format_percent(file.received, file.size)}% · "
    if not has_twin:
        return ""
    return f" · {safe_name(file.name)} {format_short_date(file.time_ms, today)}"
