"""一个上传: 文件, 凭据, 校验的进度; 状态只经 become 改变, 并写进列表。"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from ..model.transfers import DONE, FAILED, QUEUED, UP, WAITING, Transfer, TransferError
from ..protocol.errors import describe_error
from .file_hasher import FileHasher
from .file_stamp import FileStamp
from .transfer_list import TransferList

# 没有进展而连续这么多轮 (每轮半分钟到五分钟) 不应答: 告诉用户, 不再自己试
_MAX_SILENCES = 3


@dataclass(frozen=True)
class Credentials:
    """服务器给的凭据: 有了它才能续传。"""

    upload_id: str
    resume_token: str


class Upload:
    """id 也用作单帧文件的 clientId。"""

    def __init__(self, path: Path, transfers: TransferList) -> None:
        self.id = secrets.token_hex(8)
        self.path = path.absolute()
        # 文件名可能不是合法的 UTF-8: 显示与发送都用问号代替
        self.name = path.name.encode("utf-8", "replace").decode("utf-8")
        self.stamp = FileStamp(0, 0)
        self.credentials: Credentials | None = None
        self.hasher = FileHasher()
        # 连续等待了几次; 有进展就归零
        self.attempts = 0
        # 其中服务器连着而不应答的有几次
        self.silences = 0
        # 已自动从头来过一次
        self.restarted = False
        # 由上一次运行留下的记录而来
        self.restored = False
        self._moved = 0
        self._transfers = transfers

    @property
    def state(self) -> str | None:
        """None: 已从列表去掉。"""
        transfer = self._transfers.get(self.id)
        return None if transfer is None else transfer.state

    def renew(self) -> None:
        """用户让它再试: 先前的次数都不算。"""
        self.attempts = self.silences = 0
        self.restarted = False

    def fall_silent(self) -> bool:
        """又等了一轮而没有应答。True: 不必再等, 已失败。"""
        self.silences += 1
        if self.silences < _MAX_SILENCES:
            return False
        self.fail("no_answer", "")
        return True

    def describe(self, state: str = QUEUED) -> Transfer:
        return Transfer(self.id, UP, self.name, self.stamp.size, state, path=str(self.path))

    def set_stamp(self, stamp: FileStamp) -> None:
        """开始传之前认定的版本; 与先前不同时算过的校验作废。"""
        if stamp != self.stamp:
            self.stamp = stamp
            self.hasher = FileHasher()
        self._transfers.update(self.id, size=stamp.size)

    def become(self, state: str) -> None:
        self._transfers.become(self.id, state, moved=self._moved)

    def wait(self, code: str, message: str) -> None:
        """过一会儿自己再来; code: 服务器为什么不收, 为空就是断了线。"""
        error = TransferError(code, describe_error(code, message)) if code else None
        self._transfers.become(self.id, WAITING, moved=self._moved, error=error)

    def fail(self, code: str, message: str) -> None:
        error = TransferError(code, describe_error(code, message))
        self._transfers.become(self.id, FAILED, moved=self._moved, error=error)

    def complete(self, url: str, sha256: str, *, instant: bool = False) -> None:
        self._moved = self.stamp.size
        self._transfers.become(self.id, DONE, moved=self._moved, url=url, sha256=sha256, instant=instant)

    def named(self, name: str | None) -> None:
        """服务器清理之后的名字; 与发送的不同 (只差 Unicode 的写法不算) 要让用户看见。None: 它没有说。"""
        if name is not None and name != unicodedata.normalize("NFC", self.name):
            self._transfers.update(self.id, name=name, renamed_from=self.name)

    def link(self, url: str) -> None:
        """完成之后才知道的链接。"""
        self._transfers.update(self.id, url=url)

    def checking(self, position: int) -> None:
        """已核对到 position; 不是已确认的。"""
        self._transfers.progress(self.id, position)

    def progress(self, moved: int) -> None:
        """服务器已确认 moved 字节。"""
        if moved > self._moved:
            self.attempts = self.silences = 0
        self._moved = moved
        self._transfers.progress(self.id, moved)

    def set_moved(self, moved: int) -> None:
        """状态不变, 只改已确认的字节数。"""
        self._moved = moved

    def forget_server(self) -> None:
        """服务器没有它了: 从头再来。算过的校验仍属于这个文件, 留着。"""
        self.credentials = None
        self._moved = 0

    def forget_hash(self) -> None:
        self.hasher = FileHasher()
