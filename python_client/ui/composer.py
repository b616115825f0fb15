"""输入区: 一行文字, 发送, 选文件, 搜索; 上下键找回发过的。"""

from __future__ import annotations

import tkinter
from collections import deque
from tkinter import ttk
from typing import Callable

from . import palette
from .edit_menu import EditMenu
from .file_menu import RIGHT_BUTTONS

# 找得回的条数
_MAX_RECALLED = 50


class Composer:
    """send 返回 False 时文字留在输入框里。"""

    def __init__(
        self,
        parent: tkinter.Misc,
        send: Callable[[str], bool],
        pick_files: Callable[[], None],
        search: Callable[[], None],
    ) -> None:
        self._send = send
        self._recalled: deque[str] = deque(maxlen=_MAX_RECALLED)
        # 正在看倒数第几条; 0 是还没有发的草稿
        self._back = 0
        self._draft = ""
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(0, weight=1)
        self.entry = ttk.Entry(self.frame, font=("Arial", palette.FONT_SIZE))
        self.send_button = ttk.Button(self.frame, text="发送", style="Accent.TButton", command=self.submit)
        self.file_button = ttk.Button(self.frame, text="文件", command=pick_files)
        self.search_button = ttk.Button(self.frame, text="搜索", command=search)
        self.entry.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        self.send_button.grid(row=0, column=1, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        self.file_button.grid(row=0, column=2, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        self.search_button.grid(row=0, column=3, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        # 输入法正在选字时, 回车由输入法收走, 不会到这里
        for key in ("<Return>", "<KP_Enter>"):
            self.entry.bind(key, lambda _: self.submit())
        self._menu = EditMenu(self.entry, read_only=False)
        for button in RIGHT_BUTTONS:
            self.entry.bind(button, self._menu.popup)
        # X11 上 Tk 的 Control-a 是到行首, 与别的程序不同
        self.entry.bind("<Control-a>", self._select_all)
        self.entry.bind("<<SelectAll>>", self._select_all)
        self.entry.bind("<Up>", lambda _: self._recall(self._back + 1))
        self.entry.bind("<Down>", lambda _: self._recall(self._back - 1))

    def submit(self) -> None:
        written = self.entry.get()
        if not written.strip():
            return
        if self._send(written):
            self._recalled.appendleft(written)
            self._back = 0
            self._draft = ""
            self.entry.delete(0, "end")
        self.entry.focus_set()

    def _select_all(self, _: object) -> str:
        self.entry.selection_range(0, "end")
        self.entry.icursor("end")
        return "break"

    def _recall(self, back: int) -> str:
        if 0 <= back <= len(self._recalled):
            if self._back == 0:
                self._draft = self.entry.get()
            self._back = back
            self.entry.delete(0, "end")
            self.entry.insert(0, self._draft if back == 0 else self._recalled[back - 1])
        return "break"
