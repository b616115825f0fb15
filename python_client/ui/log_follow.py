"""聊天记录的位置: 跟随底部, 或停在读者看着的地方; 右下角的按钮说有几条新消息。

following --用户向上滚--> reading --滚回底部, 点按钮, 自己发言, 窗口大得看得见底部--> following
看从前的一段时 (live 为 False) 总是 reading。
"""

from __future__ import annotations

import tkinter
from tkinter import ttk
from typing import Callable

from . import palette

# 滚动之后才看得出在不在底部的事件; 按住一个键可以很久才有 KeyRelease, 所以两样都看
_SCROLLS = (
    "<MouseWheel>",
    "<Button-4>",
    "<Button-5>",
    "<KeyPress>",
    "<KeyRelease>",
    "<ButtonPress-1>",
    "<ButtonRelease-1>",
    "<B2-Motion>",
)
# 读者看着的那一行开头的 mark
_HELD = "held"


class LogFollow:
    """following 只因用户的滚动而变: 插入, 图片, 改变窗口大小都不变它。

    改动之前 touched, 每轮末尾 settle: 一轮里改多少处都只排版一次, 跟随的回到底部, 翻看的一像素也不动。
    """

    def __init__(
        self, frame: ttk.Frame, text: tkinter.Text, returned: Callable[[], None], *, live: bool = True
    ) -> None:
        self._text = text
        self._returned = returned
        self._live = live
        self._following = live
        self._unread = 0
        # 上次 settle 之后改过内容或大小
        self._changed = True
        # 按着左键: 拖到边上时 Tk 自己一行行地滚, 没有别的事件
        self._pressed = False
        # 读者看着的那一行原来的 y (像素); None: 还没有改动, 或跟随着
        self._held_y: int | None = None
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(0, weight=1)
        self._bar = ttk.Scrollbar(frame, orient="vertical", command=self._dragged)
        text.configure(yscrollcommand=self._bar.set)
        text.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        self._bar.grid(row=0, column=1, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        self.pill = ttk.Button(frame, style="Accent.TButton", command=self.to_end, takefocus=False)
        for event in _SCROLLS:
            text.bind(event, lambda _: self._scrolling(), add=True)
        text.bind("<ButtonPress-1>", lambda _: self._press(True), add=True)
        text.bind("<ButtonRelease-1>", lambda _: self._press(False), add=True)
        text.bind("<Configure>", lambda _: self._resized(), add=True)

    @property
    def following(self) -> bool:
        return self._following

    @property
    def unread(self) -> int:
        return self._unread

    def arrived(self, count: int) -> None:
        """末尾来了几条消息。"""
        if self._live and not self._following:
            self._unread += count
            self._show_pill()

    def touched(self) -> None:
        """改动之前, 一轮里几次都可以: 翻看时记住眼前的一行与它的高低。"""
        self._changed = True
        if self._following or self._held_y is not None:
            return
        place, y = self._first_whole_line()
        self._held_y = y
        self._text.mark_set(_HELD, place)
        # 在这个位置插入的, 要到它的上面去
        self._text.mark_gravity(_HELD, "right")

    def settle(self) -> None:
        """每轮末尾一次; 没有改动时也看一眼, 迟来的排版 (字体, 缩放) 没有别的通知。"""
        if not self._following:
            self._restore()
        elif self._pressed and not self._changed:
            # 没有改动而底部不见了: 是用户拖着选到上面去了
            self._look()
        else:
            self._text.see("end-1c")
        self._changed = False

    def to_end(self) -> None:
        self._following = True
        self._release()
        self._at_end()
        self.settle()

    def _first_whole_line(self) -> tuple[str, int]:
        """最上面完整的一行 (显示的行, 折行也算) 的开头与 y; 一行就占满的 (大图) 是它自己。"""
        top = self._text.index("@0,0")
        box = self._text.dlineinfo(top)
        if box is None:
            return top, 0
        if box[1] < palette.PAD:
            # 露出半截的可能是张图: 它变高时, 要不动的是它下面的
            place = self._text.index(f"@0,{box[1] + box[3]}")
            below = self._text.dlineinfo(place)
            if below is not None and below[1] > box[1]:
                return place, below[1]
        return top, box[1]

    def _restore(self) -> None:
        """眼前的那一行回到原来的高低。"""
        if self._held_y is None:
            return
        box = self._text.dlineinfo(_HELD)
        if box is None:
            self._text.yview(_HELD)
            box = self._text.dlineinfo(_HELD)
        if box is not None and box[1] != self._held_y:
            self._text.yview_scroll(box[1] - self._held_y, "pixels")
        self._release()

    def _release(self) -> None:
        self._held_y = None
        self._text.mark_unset(_HELD)

    def _dragged(self, *arguments: str) -> None:
        self.settle()
        self._text.yview(*arguments)
        self._look()

    def _scrolling(self) -> None:
        # 用户从眼前的样子滚起; 等 Text 自己先滚完再看
        self.settle()
        self._text.after_idle(self._look)

    def _press(self, pressed: bool) -> None:
        self._pressed = pressed

    def _look(self) -> None:
        """最后的空行看得见就是在底部; 比 yview 的比例可靠, 那是还没有排版完的估计。"""
        if not self._live:
            return
        following = self._text.dlineinfo("end-1c") is not None
        if following and not self._following:
            self._following = True
            self._release()
            self._at_end()
        self._following = following

    def _at_end(self) -> None:
        self._unread = 0
        self.pill.place_forget()
        self._returned()

    def _resized(self) -> None:
        # 变矮时 Tk 保持顶端, 底部就看不见了
        self._changed = True
        self._text.after_idle(self._fit)

    def _fit(self) -> None:
        self.settle()
        if not self._following:
            self._look()

    def _show_pill(self) -> None:
        self.pill.configure(text=f"有 {self._unread} 条新消息")
        self.pill.place(relx=0.5, rely=1.0, anchor="s", y=-2 * palette.PAD)
