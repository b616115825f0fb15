"""文字的右键菜单: 剪切, 复制, 粘贴, 全选; 输入框与聊天记录用, Tk 自己没有。"""

from __future__ import annotations

import tkinter
from tkinter import ttk
from typing import Union

from . import palette

Editable = Union[tkinter.Text, ttk.Entry]
_WHOLE = (("剪切", "<<Cut>>"), ("复制", "<<Copy>>"), ("粘贴", "<<Paste>>"), ("全选", "<<SelectAll>>"))
_READ_ONLY = (("复制", "<<Copy>>"), ("全选", "<<SelectAll>>"))


class EditMenu:
    """一个部件一份; popup 由部件的右键调用。"""

    def __init__(self, widget: Editable, read_only: bool) -> None:
        self._widget = widget
        self.menu = tkinter.Menu(widget, tearoff=False)
        for label, event in _READ_ONLY if read_only else _WHOLE:
            self._add(label, event)

    def popup(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self._widget.focus_set()
        try:
            self.menu.tk_popup(event.x_root, event.y_root)
        finally:
            # 不放开的话, X11 上菜单之外的点击会被吞掉
            self.menu.grab_release()

    def _add(self, label: str, event: str) -> None:
        self.menu.add_command(
            label=label, background=palette.SURFACE, command=lambda: self._widget.event_generate(event)
        )
