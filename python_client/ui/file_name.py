"""太长的名字怎么省略。"""

from __future__ import annotations

from pathlib import PurePosixPath
from tkinter import font as tkfont

_ELLIPSIS = "…"


def fit(name: str, font: tkfont.Font, width: int) -> str:
    """放得进 width 像素的写法: 从中间省略, 扩展名总看得见, 它之前的几个字尽量看得见。"""
    if font.measure(name) <= width:
        return name
    suffix = PurePosixPath(name).suffix[:11]
    tail = name[-(len(suffix) + 4) :]
    # 很窄的地方 (前面还写着上传的进度): 先舍扩展名之前的字, 不能让扩展名被切掉
    while len(tail) > len(suffix) and font.measure(_ELLIPSIS + tail) > width:
        tail = tail[1:]
    low, high = 0, max(0, len(name) - len(tail))
    while low < high:
        middle = (low + high + 1) // 2
        if font.measure(f"{name[:middle]}{_ELLIPSIS}{tail}") <= width:
            low = middle
        else:
            high = middle - 1
    return f"{name[:low].rstrip()}{_ELLIPSIS}{tail}"
