"""窗口的骨架: 左边聊天记录, 右边名单与文件, 下面传输区, 输入区, 状态栏。"""

from __future__ import annotations

import tkinter
from tkinter import ttk

from . import palette
from .theme import Theme

TITLE = "水闸"
# 96 dpi 下的像素
_USUAL_SIZE = (1100, 720)
_LEAST_SIZE = (640, 420)
_SIDE_WIDTH = 240


class Layout:
    """chat 与 side 是两栏; below 之下的各区由窗口自己放 (行号见常量)。"""

    TRANSFERS_ROW = 1
    COMPOSER_ROW = 2
    STATUS_ROW = 3

    def __init__(self, root: tkinter.Tk, theme: Theme) -> None:
        self.root = root
        root.title(TITLE)
        # 给任务栏与标题栏各一种大小
        icons = [theme.app_icon(size) for size in (64, 32, 16)]
        root.iconphoto(True, *icons)  # type: ignore[arg-type]
        _size(root, theme)
        root.columnconfigure(0, weight=1)
        root.rowconfigure(0, weight=1)
        self.panes = ttk.PanedWindow(root, orient="horizontal")
        self.panes.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        self.chat = ttk.Frame(self.panes)
        self.side = ttk.PanedWindow(self.panes, orient="vertical", width=theme.pixels(_SIDE_WIDTH))
        # 多出的宽度都给聊天记录
        self.panes.add(self.chat, weight=1)
        self.panes.add(self.side, weight=0)
        self.chat.columnconfigure(0, weight=1)
        self.chat.rowconfigure(0, weight=1)

    def place(self, frame: ttk.Frame, row: int) -> None:
        """放在两栏之下的一行。"""
        frame.grid(row=row, column=0, sticky="we", padx=palette.PAD, pady=palette.PAD)


def _size(root: tkinter.Tk, theme: Theme) -> None:
    screen = (root.winfo_screenwidth(), root.winfo_screenheight())
    # 高分屏按比例放大, 小屏幕不超出
    wide, high = (min(theme.pixels(size), room) for size, room in zip(_USUAL_SIZE, screen))
    root.geometry(f"{wide}x{high}")
    root.minsize(*(min(theme.pixels(size), room) for size, room in zip(_LEAST_SIZE, screen)))
