"""问用户名: simpledialog, 直到合法或取消; 在建立界面之前, 也用于名字被服务器拒绝之后。"""

from __future__ import annotations

import tkinter
from tkinter import simpledialog
from typing import Any

from ..protocol.user_name import InvalidNameError, clean_user_name
from . import palette

TITLE = "水闸"
QUESTION = "请输入用户名:"
_ACCENT: dict[str, Any] = {
    "background": palette.ACCENT,
    "foreground": palette.ON_ACCENT,
    "activebackground": palette.ACCENT_STRONG,
    "activeforeground": palette.ON_ACCENT,
}
_BUTTONS = {"OK": "确定", "Cancel": "取消"}


def ask_name(parent: tkinter.Tk, suggested: str, reason: str = "") -> str | None:
    """返回合法的名字; 取消返回 None。suggested 预填, reason 写在问题上面。这里只问, 不建立任何界面。"""
    while True:
        prompt = f"{reason}\n{QUESTION}" if reason else QUESTION
        # simpledialog 的按钮写死了英文: 对话框出来之后再换
        parent.after_idle(_translate, parent)
        answer = simpledialog.askstring(TITLE, prompt, initialvalue=suggested, parent=parent)
        if answer is None:
            return None
        try:
            return clean_user_name(answer)
        except InvalidNameError as error:
            # 空的与不合规则的都再问, 说明哪里不对, 写过的留着改
            reason, suggested = str(error), answer


def _translate(widget: tkinter.Misc) -> None:
    for child in widget.winfo_children():
        if isinstance(child, tkinter.Button) and child.cget("text") in _BUTTONS:
            child.configure(text=_BUTTONS[child.cget("text")])
            # 缺省的按钮外面有一圈, 两个就不一样大; 回车照样是确定, 用颜色说明
            if child.cget("default") == "active":
                child.configure(**_ACCENT)
            child.configure(default="disabled")
        _translate(child)
