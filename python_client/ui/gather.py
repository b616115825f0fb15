"""用户给的文件与文件夹 -> 要发送的文件; 在后台线程里走, 有界。"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Sequence

from ..model.transfers import MAX_TRANSFERS

log = logging.getLogger(__name__)

# 看过这么多项还没有完就停: 误拖了整个磁盘
_MAX_SEEN = 100_000
# 只有 Windows 有: FILE_ATTRIBUTE_HIDDEN
_HIDDEN = 0x2
_HAS_ATTRIBUTES = hasattr(os.stat_result, "st_file_attributes")


@dataclass
class Gathered:
    """files 的次序: 给的次序, 文件夹里按名字, 文件先于子文件夹。note 是给用户看的一行, 没有则为空。"""

    files: list[Path] = field(default_factory=list)
    note: str = ""


def gather(paths: Sequence[Path]) -> Gathered:
    """会等磁盘。单独的文件原样留下: 读不了的由上传的那一行说明。"""
    walk = _Walk()
    for path in paths:
        walk.add(path)
    return Gathered(walk.files, walk.note())


class _Walk:
    """一次收集; 一个一个文件夹地走, 不递归: 再深也不会用完栈。"""

    def __init__(self) -> None:
        self.files: list[Path] = []
        # 装不下了, 有没有收的
        self._left_out = False
        self._seen = 0
        self._folders = 0
        self._unreadable = 0
        # 走过的文件夹 (设备, 编号): Windows 的联接点不算符号链接, 也能成环
        self._visited: set[tuple[int, int]] = set()

    def add(self, path: Path) -> None:
        # 用户点名的链接与隐藏的文件夹要走进去
        if os.path.isdir(path):  # noqa: PTH112 - 路径里有 NUL 时返回 False 而不是抛出
            self._folders += 1
            self._walk(path)
        else:
            self._take(path)

    def note(self) -> str:
        if self._left_out:
            return f"文件太多, 这次只发送前 {len(self.files)} 个"
        if self._seen >= _MAX_SEEN:
            return f"文件夹里的东西太多, 只看了前 {_MAX_SEEN} 项, 发送 {len(self.files)} 个文件"
        if self._unreadable:
            return f"有 {self._unreadable} 个文件夹读不了, 没有发送"
        if self._folders and not self.files:
            return "文件夹里没有可以发送的文件"
        return ""

    def _take(self, path: Path) -> None:
        # 传输列表也只放得下这么多
        if len(self.files) < MAX_TRANSFERS:
            self.files.append(path)
        else:
            self._left_out = True

    def _walk(self, top: Path) -> None:
        waiting = [top]
        while waiting and not self._left_out and self._seen < _MAX_SEEN:
            try:
                inside = self._folder(waiting.pop())
            except OSError as error:
                log.info("gather.unreadable error=%s", error)
                self._unreadable += 1
                continue
            # 后进先出: 倒过来放, 名字靠前的先走
            waiting.extend(reversed(inside))

    def _folder(self, folder: Path) -> list[Path]:
        """收下这一层的文件, 返回子文件夹。"""
        status = folder.stat()
        identity = (status.st_dev, status.st_ino)
        if identity in self._visited:
            return []
        self._visited.add(identity)
        folders = []
        for entry in sorted(self._entries(folder), key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                folders.append(folder / entry.name)
            # 链接到文件夹的不跟随; 设备与管道不是文件
            elif entry.is_file():
                self._take(folder / entry.name)
        return folders

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                self._seen += 1
                if self._seen >= _MAX_SEEN:
                    break
                if not _is_hidden(entry):
                    found.append(entry)
        return found


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return True
    if not _HAS_ATTRIBUTES:
        return False
    # desktop.ini, Thumbs.db 也是隐藏的
    attributes: int = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    return bool(attributes & _HIDDEN)
