"""不必先点输入框: 焦点在记录, 名单, 列表, 按钮或窗口自己上时, 打的字与粘贴的都进输入框。"""

from __future__ import annotations

import tkinter
from tkinter import ttk

# 自己要字符的部件; 菜单开着时, 字母是选菜单项的
_TAKES_KEYS = ("Entry", "TEntry", "TCombobox", "TSpinbox", "Spinbox", "Menu")
# event.state 里的各位, 每个系统不同; 0x20000 是 Tk 自己的 Alt, Windows 与 event generate 用它
_CONTROL = 0x4
_ALT = {"x11": 0x8 | 0x20000, "win32": 0x20000, "aqua": 0x8}
_SUPER = {"x11": 0x40, "win32": 0, "aqua": 0}


class FromAnywhere:
    """window 里的字都到 entry; 只管这一个顶层窗口, 不管对话框。"""

    def __init__(self, window: tkinter.Tk | tkinter.Toplevel, entry: ttk.Entry) -> None:
        self._entry = entry
        self._system = str(entry.tk.call("tk", "windowingsystem"))
        # Ctrl+C, 方向键与各部件自己的绑定照常: 这里排在它们之后, 而且只认字符
        window.bind("<KeyPress>", self._pressed, add=True)
        window.bind("<<Paste>>", self._pasted, add=True)

    def _pressed(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if _takes_keys(event.widget) or not is_typing(event.char, int(event.state), self._system):
            return
        self._entry.focus_set()
        # 换了焦点, 这一下按键也不会再到输入框: 字由我们放, 用 ttk 自己的 <Key> 绑定所用的 (换掉选中的, 跟着光标滚)
        self._entry.tk.call("ttk::entry::Insert", self._entry, event.char)

    def _pasted(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if not _takes_keys(event.widget):
            self._entry.focus_set()
            self._entry.event_generate("<<Paste>>")


def is_typing(char: str, state: int, system: str) -> bool:
    """按下的是要写的字 (输入法一次可以给出几个), 不是快捷键; 空格不算, 它是按按钮, 选一项的。system: tk windowingsystem。"""
    control, alt = bool(state & _CONTROL), bool(state & _ALT[system])
    # Windows 的 AltGr 就是 Control 加 Alt, 德文键盘的 @ 靠它
    shortcut = control != alt if system == "win32" else control or alt
    if shortcut or state & _SUPER[system]:
        return False
    return char not in ("", " ") and char.isprintable()


def _takes_keys(widget: tkinter.Misc) -> bool:
    # Tk 自己的脚本建的部件 (文件对话框) tkinter 不认识, 给出的是名字
    return not isinstance(widget, tkinter.Misc) or widget.winfo_class() in _TAKES_KEYS
