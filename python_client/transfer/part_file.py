"""半成品: 目标旁边的 .part, 与它的锁; 几个窗口同时只有一个在写。"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from .file_lock import UNSUPPORTED, try_lock

log = logging.getLogger(__name__)


def part_path(target: Path) -> Path:
    """在目标旁边, 最后的改名才不用复制。"""
    return target.with_name(f"{target.name}.part")


@contextmanager
def lock_part(target: Path) -> Iterator[bool]:
    """False: 别的窗口或进程正在写它。错误: 文件夹不可写时 OSError。"""
    try:
        lock = try_lock(target.with_name(f"{target.name}.part.lock"))
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        # 存到没有锁的网络盘: 仍然可以下载, 只是没有人看着
        log.info("download.unlocked error=%s", error)
        yield True
        return
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()


def remove_part(target: Path) -> None:
    """没有人在写才删; 尽力而为。"""
    try:
        with lock_part(target) as is_ours:
            if is_ours:
                part_path(target).unlink()
    except FileNotFoundError:
        # 还没有写过, 或文件夹已经没有了
        return
    except OSError as error:
        log.warning("download.part error=%s", error)
