"""文件列表的内容: 聊天里见过的与向服务器要来的文件, 新的在前。"""

from __future__ import annotations

from typing import Sequence

from ..protocol.messages import FileMessage

# 内存的上限; 更早的文件仍可以在聊天记录里找到
MAX_FILES = 5000


class FileIndex:
    """在界面线程里用; 放入只记下, 读 files 时才排序: 一页历史几百个, 每轮只读一次。"""

    def __init__(self) -> None:
        self._files: dict[str, FileMessage] = {}
        # 新的在前
        self._sorted: list[FileMessage] = []
        # 还没有排进 _sorted 的, 也在 _files 里
        self._fresh: list[FileMessage] = []
        self._more = False
        self._oldest_seq: int | None = None
        # 服务器说的总数, 与那时见过的最新一个的 seq: 比它新的是后来的
        self._total: int | None = None
        self._newest_seq = -1
        self._counted_seq = -1

    @property
    def files(self) -> Sequence[FileMessage]:
        self._settle()
        return self._sorted

    def has(self, file_id: str) -> bool:
        return file_id in self._files

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

    @property
    def total(self) -> int | None:
        """一共有几个, 没有取来的也算; None: 服务器还没有说。"""
        return self._total

    def counted(self, total: int) -> None:
        """服务器此刻说的总数; 之后新来的自己加。"""
        self._total = total
        self._counted_seq = self._newest_seq

    def new_epoch(self) -> None:
        """旧的 seq 作废, 从最新的重新取。"""
        self._oldest_seq = None
        self._total = None
        self._newest_seq = self._counted_seq = -1

    def add(self, files: Sequence[FileMessage]) -> bool:
        """返回有没有新的。"""
        before = len(self._fresh)
        for file in files:
            self._oldest_seq = file.seq if self._oldest_seq is None else min(self._oldest_seq, file.seq)
            self._newest_seq = max(self._newest_seq, file.seq)
            if file.id not in self._files:
                if self._total is not None and file.seq > self._counted_seq:
                    self._total += 1
                self._files[file.id] = file
                self._fresh.append(file)
        # 没有人读时也有上限
        if len(self._fresh) > MAX_FILES:
            self._settle()
            return True
        return len(self._fresh) > before

    def _settle(self) -> None:
        if not self._fresh:
            return
        # 稳定的排序: 同一毫秒的, 后来的在前; 几乎有序, timsort 近乎线性
        self._sorted = sorted([*reversed(self._fresh), *self._sorted], key=lambda file: -file.time_ms)
        self._fresh = []
        for dropped in self._sorted[MAX_FILES:]:
            del self._files[dropped.id]
        del self._sorted[MAX_FILES:]
