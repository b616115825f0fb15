"""一个文件的版本: 大小与修改时间; 传到一半变了, 前后两半就不属于同一个版本。"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ..protocol.errors import OWN_ERRORS


class ChangedError(Exception):
    """文件在传输期间被改动; 没有说明时用表里的。"""


class NotAFileError(Exception):
    """文件夹, 管道, 设备; 说明就是给用户看的一句。"""


@dataclass(frozen=True)
class FileStamp:
    """size 是字节, mtime_ns 是 Unix 纳秒。"""

    size: int
    mtime_ns: int


def read_stamp(path: Path) -> FileStamp:
    """跟随链接。错误: 读不到时 OSError; 不是普通文件时 NotAFileError。"""
    return _stamp_of(path.stat())


def check_stamp(descriptor: int, expected: FileStamp) -> None:
    """打开着的文件还是不是那个版本; 不是则抛 ChangedError。"""
    if _stamp_of(os.fstat(descriptor)) != expected:
        raise ChangedError(OWN_ERRORS["changed"])


def _stamp_of(status: os.stat_result) -> FileStamp:
    if stat.S_ISDIR(status.st_mode):
        raise NotAFileError("这是文件夹, 只能发送文件; 可以先压缩")
    # 管道与设备打开就可能永远等下去
    if not stat.S_ISREG(status.st_mode):
        raise NotAFileError("这不是普通文件, 不能发送")
    return FileStamp(status.st_size, status.st_mtime_ns)
