"""传输列表里的一项: 上传与下载同形; 只记事实, 不碰网络与文件。

queued --轮到--> checking (核对已有的部分) --> moving --全部到齐--> verifying --> done
  ^                                             |  ^
  |                          断线, 服务器重启 --> waiting (自己会继续)
  +-- 继续 -- paused <-- 暂停 ------------------+
failed: 可以重试;  取消的直接从列表里去掉 (TransferRemoved)
"""

from __future__ import annotations

from dataclasses import dataclass

UP = "up"
DOWN = "down"

QUEUED = "queued"
CHECKING = "checking"
MOVING = "moving"
WAITING = "waiting"
VERIFYING = "verifying"
PAUSED = "paused"
DONE = "done"
FAILED = "failed"

# 列表的上限, 上传与下载各算
MAX_TRANSFERS = 500
# 完成的留最近这么多项
MAX_DONE = 20


@dataclass(frozen=True)
class TransferError:
    """code 是服务器的错误码或 protocol.errors.OWN_ERRORS 里的; message 已是给用户看的一行中文。"""

    code: str
    message: str


@dataclass(frozen=True)
class Transfer:
    """一项的快照; 每次变化都是一个新的快照。"""

    # 本进程内的编号
    id: str
    # up 或 down
    direction: str
    # 上传: 服务器清理之后的; 还没有应答时是本地的
    name: str
    # 字节
    size: int
    state: str
    # 上传: 服务器已确认的; 下载: 已写入文件的; checking 时是已核对的。字节
    moved: int = 0
    # 最近几秒的速度, 字节每秒; 0 = 还不知道
    bytes_per_second: float = 0.0
    error: TransferError | None = None
    # 本地的路径: 上传的来源, 下载的目标
    path: str = ""
    # 完成之后: 上传得到的链接
    url: str = ""
    # 完成之后: 整个文件的 SHA-256
    sha256: str = ""
    # 完成之后: 服务器已有同样的内容, 没有再传 (秒传)
    instant: bool = False
    # 上传: 服务器改了名字时, 本地的那个
    renamed_from: str = ""

    def seconds_left(self) -> float | None:
        """还剩多少秒; 不知道时为 None。"""
        if self.bytes_per_second <= 0 or self.state != MOVING:
            return None
        return (self.size - self.moved) / self.bytes_per_second

    @property
    def can_pause(self) -> bool:
        return self.state in (QUEUED, CHECKING, MOVING, WAITING)

    @property
    def can_resume(self) -> bool:
        """继续 (paused) 与重试 (failed) 是同一个动作。"""
        return self.state in (PAUSED, FAILED)

    @property
    def is_active(self) -> bool:
        """还没有完成, 也没有失败。"""
        return self.state not in (DONE, FAILED)
