"""拖进窗口的文件与文字; 靠 tkdnd (Tk 的扩展, 由 tkinterdnd2 带来), 没有它只是不能拖。"""

from __future__ import annotations

import importlib
import logging
import tkinter
from typing import Callable, Protocol, Sequence

from .drop_hint import DropHint

log = logging.getLogger(__name__)

# tkdnd 的两种类型; 登记的次序就是优先的次序: 文件管理器常把名字也作为文字给出
_FILES = "DND_Files"
_TEXT = "DND_Text"
_HINTS = {_FILES: "松开即发送", _TEXT: "松开, 放进输入框"}
# 回给来源的动作: 只是复制, 从不让对方删掉原来的
_COPY = "copy"


class Receiver(Protocol):
    """拖来的交给它; say 每次移动都调用, 空串是收回说过的。"""

    def dropped_files(self, items: Sequence[str]) -> None: ...

    def dropped_text(self, text: str) -> None: ...

    def drag_left(self) -> None: ...

    def say(self, text: str) -> None: ...


class DropTarget:
    """整个窗口是一个目标。hovering 是正在上面的类型, 没有则为空。"""

    def __init__(self, root: tkinter.Tk, hint: DropHint, receiver: Receiver) -> None:
        self._root = root
        self.hint = hint
        self._receiver = receiver
        self.hovering = ""
        hint.on_mouse = self._over
        self.works = _load(root)
        if self.works:
            self._register()

    def _register(self) -> None:
        self._root.tk.call("tkdnd::drop_target", "register", ".", (_FILES, _TEXT))
        # tkdnd 自己展开 %, 不是 Tk 的 bind: CPT 是类型, D 是数据
        self._bind("<<DropEnter>>", self._entered, "%CPT")
        self._bind("<<DropPosition>>", self._entered, "%CPT")
        self._bind("<<DropLeave>>", self._left)
        self._bind(f"<<Drop:{_FILES}>>", self._files, "%D")
        self._bind(f"<<Drop:{_TEXT}>>", self._text, "%D")

    def _bind(self, event: str, action: Callable[..., str], *fields: str) -> None:
        # register 包住异常: 回调里出的错照常到 report_callback_exception
        command = self._root.register(action)
        self._root.tk.call("bind", ".", event, " ".join((command, *fields)))

    def _entered(self, kind: str) -> str:
        text = _HINTS.get(kind, _HINTS[_FILES])
        self._receiver.say(text)
        if kind != self.hovering:
            self.hovering = kind
            if kind == _TEXT:
                self.hint.hide()
            else:
                self.hint.show(text)
        return _COPY

    def _left(self) -> str:
        self._over()
        return _COPY

    def _files(self, data: object) -> str:
        self._over()
        # data 是 Tcl 的列表: 名字里有空格与花括号也分得开
        split: Callable[[object], Sequence[object]] = self._root.tk.splitlist
        self._receiver.dropped_files([str(item) for item in split(data)])
        return _COPY

    def _text(self, data: object) -> str:
        self._over()
        self._receiver.dropped_text(str(data))
        return _COPY

    def _over(self) -> None:
        self.hovering = ""
        self.hint.hide()
        self._receiver.say("")
        self._receiver.drag_left()


def _load(root: tkinter.Tk) -> bool:
    """在已有的 root 里装上 tkdnd; 没有这个包或这个系统的版本时返回 False。"""
    try:
        # 可有可无的依赖, 所以不在文件开头引用
        importlib.import_module("tkinterdnd2.TkinterDnD").require(root)
    except (ImportError, AttributeError, RuntimeError, tkinter.TclError) as error:
        log.info("drop_target.unavailable error=%r", error)
        return False
    return True
