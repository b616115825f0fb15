"""别人起的文件名 -> 这台机器上能用的; 太长的名字怎么省略。"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from tkinter import font as tkfont

from ..model.human_text import safe_name

# 三个系统里有一个不许的, 就都不用
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\ufffd]')
_ELLIPSIS = "…"
# 文件系统的上限是 255 字节; 留出半成品 .part 的位置
_MAX_BYTES = 200
_MAX_SUFFIX = 20


def local_name(name: str) -> str:
    """给另存为预填: 没有路径, 没有系统不许的字符。"""
    clean = _FORBIDDEN.sub("_", safe_name(name)).strip(" .") or "未命名"
    suffix = PurePosixPath(clean).suffix[:_MAX_SUFFIX]
    stem = clean[: len(clean) - len(suffix)].encode()
    # 截断处的半个字去掉
    return stem[: _MAX_BYTES - len(suffix.encode())].decode(errors="ignore") + suffix


def fit(name: str, font: tkfont.Font, width: int) -> str:
    """放得进 width 像素的写法: 从中间省略, 扩展名与它之前几个字总看得见。"""
    if font.measure(name) <= width:
        return name
    tail = name[-(len(PurePosixPath(name).suffix[:11]) + 4) :]
    low, high = 0, max(0, len(name) - len(tail))
    while low < high:
        middle = (low + high + 1) // 2
        if font.measure(f"{name[:middle]}{_ELLIPSIS}{tail}") <= width:
            low = middle
        else:
            high = middle - 1
    return f"{name[:low].rstrip()}{_ELLIPSIS}{tail}"
