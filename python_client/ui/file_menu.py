"""一个文件的右键菜单: 打开, 复制链接, 另存为; 文件列表与聊天记录共用。"""

from __future__ import annotations

import sys
import tkinter
from typing import Callable

from ..protocol.messages import SharedFile
from . import palette
from .actions import Actions

# macOS 的右键是 Button-2, 也可以按住 Control 点
RIGHT_BUTTONS = (
    ("<Button-3>", "<Button-2>", "<Control-Button-1>") if sys.platform == "darwin" else ("<Button-3>",)
)


class FileMenu:
    """一个窗口一份: 每次弹出换一个文件。"""

    def __init__(self, root: tkinter.Tk, actions: Actions) -> None:
        self._file: SharedFile | None = None
        self.actions = actions
        self.menu = tkinter.Menu(root, tearoff=False)
        self._add("打开", actions.open_file)
        self._add("复制链接", actions.copy_link)
        self._add("另存为 ...", actions.save_file)

    def popup(self, file: SharedFile, x: int, y: int) -> None:
        """x, y 是屏幕坐标。"""
        self._file = file
        try:
            self.menu.tk_popup(x, y)
        finally:
            # 不放开的话, X11 上菜单之外的点击会被吞掉
            self.menu.grab_release()

    def _add(self, label: str, action: Callable[[SharedFile], None]) -> None:
        def run() -> None:
            if self._file is not None:
                action(self._file)

        self.menu.add_command(label=label, background=palette.SURFACE, command=run)
