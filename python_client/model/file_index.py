"""文件列表的内容: 聊天里见过的与向服务器要来的文件, 新的在前。"""

from __future__ import annotations

from typing import Sequence

from ..protocol.messages import FileMessage

# 内存的上限; 更早的文件仍可以在聊天记录里找到
MAX_FILES = 5000


class FileIndex:
    """在界面线程里用。"""

    def __init__(self) -> None:
        self._files: dict[str, FileMessage] = {}
        # 新的在前; 改动之后才重排
        self._sorted: list[FileMessage] = []
        self._more = False
        self._oldest_seq: int | None = None

    @property
    def files(self) -> Sequence[FileMessage]:
        return self._sorted

    @property
    def more(self) -> bool:
        """服务器那里可能还有更早的, 而这里还放得下。"""
        return self._more and len(self._files) < MAX_FILES

    @more.setter
    def more(self, value: bool) -> None:
        self._more = value

    @property
    def oldest_seq(self) -> int | None:
        """取下一页的起点。"""
        return self._oldest_seq

    def new_epoch(self) -> None:
        """旧的 seq 作废, 从最新的重新取。"""
        self._oldest_seq = None

    def get(self, file_id: str) -> FileMessage | None:
        return self._files.get(file_id)

    def add(self, files: Sequence[FileMessage]) -> bool:
        """返回有没有新的。"""
        for file in files:
            self._oldest_seq = file.seq if self._oldest_seq is None else min(self._oldest_seq, file.seq)
        fresh = [file for file in files if file.id not in self._files]
        if not fresh:
            return False
        self._files.update((file.id, file) for file in fresh)
        # 几乎有序的列表, timsort 是线性的; id 让同一毫秒的次序也固定
        self._sorted = sorted([*fresh[::-1], *self._sorted], key=lambda file: -file.time_ms)
        for dropped in self._sorted[MAX_FILES:]:
            del self._files[dropped.id]
        del self._sorted[MAX_FILES:]
        return True
