"""拖着文件在窗口上时的提示: 盖住聊天记录的一片, 松开或离开就收起。"""

from __future__ import annotations

import tkinter
from typing import Callable

from . import palette
from .theme import Theme

# 96 dpi 下的像素
_MARGIN = 16
_DASH = (6, 4)


class DropHint:
    """show 可以重复调用; 第一次用到才建立。on_mouse: 提示收到了鼠标, 拖动其实已经结束。"""

    def __init__(self, parent: tkinter.Misc, theme: Theme) -> None:
        self._parent = parent
        self._theme = theme
        self.canvas: tkinter.Canvas | None = None
        self._text = ""
        self.on_mouse: Callable[[], object] = self.hide

    def show(self, text: str) -> None:
        self._text = text
        if self.canvas is None:
            self.canvas = tkinter.Canvas(
                self._parent, background=palette.ACCENT_SOFT, highlightthickness=0, takefocus=False
            )
            self.canvas.bind("<Configure>", lambda _: self._draw())
            self._watch_mouse(self.canvas)
        self.canvas.place(
            x=palette.PAD,
            y=palette.PAD,
            relwidth=1,
            relheight=1,
            width=-2 * palette.PAD,
            height=-2 * palette.PAD,
        )
        # tkinter 的 Canvas.lift 是抬图形; 要抬的是部件
        tkinter.Misc.lift(self.canvas)
        self._draw()

    def hide(self) -> None:
        if self.canvas is not None:
            self.canvas.place_forget()

    def _watch_mouse(self, canvas: tkinter.Canvas) -> None:
        # 来源崩溃或给不出数据时没有人说拖动结束了; 拖动之中鼠标归来源, 部件收不到 (Windows 上 Tk 可能补发移动)
        is_x11 = canvas.tk.call("tk", "windowingsystem") == "x11"
        for event in ("<Button>", "<Motion>") if is_x11 else ("<Button>",):
            canvas.bind(event, lambda _: self.on_mouse())

    def _draw(self) -> None:
        canvas = self.canvas
        if canvas is None:
            return
        canvas.delete("all")
        wide, high = canvas.winfo_width(), canvas.winfo_height()
        edge = self._theme.pixels(_MARGIN)
        canvas.create_rectangle(
            edge, edge, wide - edge, high - edge, outline=palette.ACCENT, width=2, dash=_DASH
        )
        canvas.create_text(
            wide // 2, high // 2, text=self._text, font=self._theme.bold, fill=palette.ACCENT_STRONG
        )
