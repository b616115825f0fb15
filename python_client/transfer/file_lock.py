"""跨进程的文件锁: 进程无论怎样结束, 锁都由系统放开。"""

from __future__ import annotations

import errno
import logging
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

log = logging.getLogger(__name__)

# 没有锁的文件系统 (有些网络盘): 与 "别人锁着" 是两回事
UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


class FileLock:
    """由 try_lock 得到; release 一次。"""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def release(self) -> None:
        """放开, 并删掉锁文件。"""
        if sys.platform == "win32":
            # Windows 上打开着的文件不能删
            os.close(self._descriptor)
            _unlink(self._path)
        else:
            # 先删再放: 反过来可能删掉别人刚锁住的
            _unlink(self._path)
            os.close(self._descriptor)


def try_lock(path: Path) -> FileLock | None:
    """None: 别人锁着。错误: 文件夹不可写, 文件系统没有锁 (UNSUPPORTED) 时 OSError。"""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # 打开之后, 锁住之前, 原主可能删掉了它: 锁住的是没有名字的文件, 不算
            if os.fstat(descriptor).st_ino != path.stat().st_ino:
                raise BlockingIOError(str(path))
    except OSError as error:
        if error.errno in UNSUPPORTED:
            os.close(descriptor)
            _unlink(path)
            raise
        # 有人锁着 (BlockingIOError, PermissionError), 或刚被删掉: 都当作拿不到
        log.debug("lock.busy path=%s error=%s", path, error)
        os.close(descriptor)
        return None
    return FileLock(path, descriptor)


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        # 别的实例正开着 (Windows), 或已经没有了: 留着一个空文件无害, 下次清理
        log.debug("lock.unlink path=%s error=%s", path, error)
