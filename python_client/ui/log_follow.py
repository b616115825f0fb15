"""聊天记录的位置: 跟随底部, 或停在读者看着的地方; 右下角的按钮说有几条新消息。

following --用户向上滚--> reading --滚回底部, 点按钮, 自己发言--> following
看从前的一段时 (live 为 False) 总是 reading。
"""

from __future__ import annotations

import tkinter
from tkinter import ttk
from typing import Callable

from . import palette

# 滚动之后才看得出在不在底部的事件
_SCROLLS = ("<MouseWheel>", "<Button-4>", "<Button-5>", "<KeyRelease>", "<ButtonRelease-1>", "<B2-Motion>")


class LogFollow:
    """following 只因用户的滚动而变: 插入, 改变窗口大小都不变它。"""

    def __init__(
        self, frame: ttk.Frame, text: tkinter.Text, returned: Callable[[], None], *, live: bool = True
    ) -> None:
        self._text = text
        self._returned = returned
        self._live = live
        self._following = live
        self._unread = 0
        self._dirty = True
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(0, weight=1)
        self._bar = ttk.Scrollbar(frame, orient="vertical", command=self._dragged)
        text.configure(yscrollcommand=self._bar.set)
        text.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        self._bar.grid(row=0, column=1, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        self.pill = ttk.Button(frame, style="Accent.TButton", command=self.to_end, takefocus=False)
        for event in _SCROLLS:
            # 等 Text 自己先滚完
            text.bind(event, lambda _: text.after_idle(self._look), add=True)
        text.bind("<Configure>", lambda _: self._resized(), add=True)

    @property
    def following(self) -> bool:
        return self._following

    @property
    def unread(self) -> int:
        return self._unread

    def arrived(self, count: int) -> None:
        """末尾来了几条消息。"""
        self._dirty = True
        if self._live and not self._following:
            self._unread += count
            self._show_pill()

    def hold(self) -> str | None:
        """改动之前: 记住眼前最上面的一个字; 跟随底部时不必。"""
        if self._following:
            return None
        self._text.mark_set("held", "@0,0")
        # 在这个位置插入的, 要到它的上面去
        self._text.mark_gravity("held", "right")
        return "held"

    def release(self, held: str | None) -> None:
        """改动之后: 那个字仍在最上面。"""
        if held is not None:
            if self._text.compare(held, "!=", "@0,0"):
                self._text.yview(held)
            self._text.mark_unset(held)

    def settle(self) -> None:
        """每轮末尾一次: 逐条滚动的话, 一页历史要排版几百遍。"""
        if self._following and self._dirty:
            self._dirty = False
            self._text.see("end-1c")

    def to_end(self) -> None:
        self._following = True
        self._dirty = True
        self._at_end()
        self.settle()

    def _dragged(self, *arguments: str) -> None:
        self._text.yview(*arguments)
        self._look()

    def _look(self) -> None:
        """最后的空行看得见就是在底部; 比 yview 的比例可靠, 那是还没有排版完的估计。"""
        if not self._live:
            return
        following = self._text.dlineinfo("end-1c") is not None
        if following and not self._following:
            self._following = True
            self._at_end()
        self._following = following

    def _at_end(self) -> None:
        self._unread = 0
        self.pill.place_forget()
        self._returned()

    def _resized(self) -> None:
        # 变矮时 Tk 保持顶端, 底部就看不见了
        self._dirty = True
        if self._following:
            self._text.after_idle(self.settle)

    def _show_pill(self) -> None:
        self.pill.configure(text=f"有 {self._unread} 条新消息")
        self.pill.place(relx=0.5, rely=1.0, anchor="s", y=-2 * palette.PAD)
