"""半成品: 目标旁边的 .part, 与它的锁; 几个窗口同时只有一个在写。"""

from __future__ import annotations

import logging
from pathlib import Path

from .file_lock import FileLock, try_lock

log = logging.getLogger(__name__)


def part_path(target: Path) -> Path:
    """在目标旁边, 最后的改名才不用复制。"""
    return target.with_name(f"{target.name}.part")


def lock_part(target: Path) -> FileLock | None:
    """None: 别的窗口或进程正在写它。错误: 文件夹不可写时 OSError。"""
    return try_lock(target.with_name(f"{target.name}.part.lock"))


def remove_part(target: Path) -> None:
    """没有人在写才删; 尽力而为。"""
    try:
        lock = lock_part(target)
        if lock is None:
            return
        try:
            part_path(target).unlink()
        finally:
            lock.release()
    except FileNotFoundError:
        # 还没有写过, 或文件夹已经没有了
        return
    except OSError as error:
        log.warning("download.part error=%s", error)
