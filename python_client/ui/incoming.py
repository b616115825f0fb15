"""拖进来的与粘贴来的: 在后台线程里收集成一列文件, 再交给 actions 发送; 文字放进输入框。"""

from __future__ import annotations

import tkinter
from pathlib import Path
from tkinter import ttk
from typing import Callable, Sequence

from ..model.transfers import Transfer
from .actions import Actions
from .drop_hint import DropHint
from .drop_target import DropTarget
from .errands import Errands
from .file_uris import paths_in, split_dropped
from .gather import Gathered, gather
from .paste import Paste
from .pasted_pictures import PastedPictures
from .theme import Theme

# 同时在走的文件夹与在删的图片; 再多的请用户稍后再来
_MAX_ERRANDS = 8


class Incoming:
    """cover 是拖着东西时盖住的区; deliver 每轮调用一次。实现 drop_target 与 paste 的 Receiver。"""

    def __init__(
        self, root: tkinter.Tk, actions: Actions, entry: ttk.Entry, say: Callable[[str], None]
    ) -> None:
        self._root = root
        self._actions = actions
        self._entry = entry
        self.say = say
        self._errands = Errands(_MAX_ERRANDS)
        self.pictures = PastedPictures(self._errands)
        self.paste = Paste(entry, self.pictures, self)
        self.drop: DropTarget | None = None

    def accept_drops(self, cover: tkinter.Misc, theme: Theme) -> None:
        self.drop = DropTarget(self._root, DropHint(cover, theme), self)

    def use_folder(self, config: Path | None) -> None:
        """粘贴的图片放在配置文件夹里: 关掉窗口再打开还能续传。"""
        self.pictures.use_folder(config)

    def deliver(self) -> None:
        self._errands.deliver()
        self.paste.fetching.deliver()

    def transfer_changed(self, transfer: Transfer) -> None:
        self.pictures.transfer_changed(transfer)

    def transfer_removed(self, transfer_id: str) -> None:
        self.pictures.transfer_removed(transfer_id)

    def close(self) -> None:
        """网络线程停下之后。"""
        self.pictures.close()

    # ---- drop_target.Receiver ----

    def dropped_files(self, items: Sequence[str]) -> None:
        paths, links = split_dropped(items)
        if links:
            self.paste.insert(" ".join(links))
        if paths:
            self.take(paths)

    def dropped_text(self, text: str) -> None:
        # 有的程序只把文件的地址作为文字给出
        paths = paths_in(text)
        if paths:
            self.take(paths)
        else:
            self.paste.insert(text.rstrip("\r\n"))

    def drag_left(self) -> None:
        # tkdnd 为了找目标移走了焦点
        self._entry.focus_set()

    # ---- paste.Receiver ----

    def take(self, paths: Sequence[Path]) -> None:
        """文件与文件夹: 看它们是什么也要等磁盘, 所以都到后台。"""
        if not self._errands.start("gather", lambda: gather(paths), self.send):
            self.say("还在准备前面的文件, 这一批没有发送, 请稍候再试")

    def send(self, gathered: Gathered) -> None:
        self._actions.send_files(gathered.files)
        if gathered.note:
            self.say(gathered.note)
