"""一个下载: 文件, 目标, 进度; 状态只经 become 改变, 并写进列表。"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ..model.transfers import DONE, DOWN, FAILED, QUEUED, Transfer, TransferError
from ..protocol.errors import describe_error
from .remote_file import RemoteFile
from .transfer_list import TransferList


class Download:
    """列表里的一项。"""

    def __init__(self, file: RemoteFile, target: Path, transfers: TransferList) -> None:
        self.id = secrets.token_hex(8)
        self.file = file
        self.target = target.absolute()
        # 连续等待了几次; 取到没有取过的字节才归零
        self.attempts = 0
        # 其中聊天连接好好的有几次
        self.futile = 0
        # 内容不对, 已自动从头来过一次
        self.restarted = False
        self._moved = 0
        # 到过的最远处: 服务器不认 Range 时每次从头来, 那不是进展
        self._furthest = 0
        self._transfers = transfers

    @property
    def state(self) -> str | None:
        """None: 已从列表去掉。"""
        transfer = self._transfers.get(self.id)
        return None if transfer is None else transfer.state

    def describe(self) -> Transfer:
        name = self.file.original_name
        return Transfer(self.id, DOWN, name, self.file.size, QUEUED, path=str(self.target))

    def has_target_of(self, other: Download) -> bool:
        # 大小写不分的系统上 A.txt 与 a.txt 是同一个
        return os.path.normcase(self.target) == os.path.normcase(other.target)

    def renew(self) -> None:
        """用户让它再试: 先前的次数都不算。"""
        self.attempts = self.futile = 0
        self.restarted = False

    def start_over(self) -> None:
        """内容不对, 从头来一次。"""
        self.restarted = True
        self._furthest = 0

    def become(self, state: str) -> None:
        self._transfers.become(self.id, state, moved=self._moved)

    def fail(self, code: str, message: str) -> None:
        error = TransferError(code, describe_error(code, message))
        self._transfers.become(self.id, FAILED, moved=self._moved, error=error)

    def complete(self, sha256: str) -> None:
        self._moved = self.file.size
        self._transfers.become(self.id, DONE, moved=self._moved, url=self.file.url, sha256=sha256)

    def checking(self, position: int) -> None:
        """已核对到 position; 不是新取来的。"""
        self._transfers.progress(self.id, position)

    def progress(self, moved: int) -> None:
        """已写入 moved 字节。"""
        self.set_moved(moved)
        self._transfers.progress(self.id, moved)

    def set_moved(self, moved: int) -> None:
        """状态不变, 只改已写入的字节数。"""
        if moved > self._furthest:
            self._furthest = moved
            self.attempts = self.futile = 0
        self._moved = moved

    def refresh(self) -> None:
        """没有新的字节: 速度随时间落下来。"""
        self._transfers.progress(self.id, self._moved)
