"""recv 收到的文件: 定下名字, 排队下载, 记下每一个的结果。"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import tempfile
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..client import Client
from ..model.os_errors import describe_os_error, short_path
from ..model.transfers import DONE, FAILED, Transfer
from ..protocol.messages import FileMessage
from ..settings import UsageError
from .advance import Advance
from .file_names import candidates, clean_file_name, is_inside
from .progress import Progress
from .terminal import Terminal

log = logging.getLogger(__name__)

# 交给下载的至多这么多个, 其余在这里排队; 列表的上限是 500
MAX_ACTIVE = 8
# 排队的上限: 每个约 1 KiB
MAX_BACKLOG = 10_000
_BLOCK_BYTES = 1024 * 1024
# 半成品的结尾: 同时下载的两个文件, 一个的目标不能是另一个的半成品
_PART = ".part"


@dataclass(frozen=True)
class _Saving:
    file: FileMessage
    target: Path
    advance: Advance = field(default_factory=Advance)


class Saver:
    """只在循环的线程里使用; 每个 add 恰好得到一个结果, 由 take_outcomes 取走。"""

    def __init__(self, client: Client, folder: Path, terminal: Terminal) -> None:
        self.failures = 0
        self._client = client
        self._folder = folder.absolute()
        self._terminal = terminal
        self._progress = Progress(terminal)
        self._backlog: deque[FileMessage] = deque()
        self._active: dict[str, _Saving] = {}
        self._outcomes: list[dict[str, Any]] = []

    @property
    def pending(self) -> int:
        """还没有结果, 或结果还没有取走的。"""
        return len(self._backlog) + len(self._active) + len(self._outcomes)

    def add(self, file: FileMessage) -> None:
        if len(self._backlog) >= MAX_BACKLOG:
            self._fail(file, "too_many", "等着下载的文件太多")
            return
        self._backlog.append(file)

    def changed(self, transfer: Transfer) -> bool:
        """下载的快照; 返回有没有进展。"""
        saving = self._active.get(transfer.id)
        if saving is None:
            return False
        has_progress = saving.advance.rises(transfer.moved) or not transfer.is_active
        self._progress.update(transfer)
        if transfer.state == DONE:
            del self._active[transfer.id]
            self._saved(saving)
        elif transfer.state == FAILED:
            del self._active[transfer.id]
            error = transfer.error
            self._fail(
                saving.file, error.code if error else "internal", error.message if error else "原因不明"
            )
            # 自己会好的错误是等待而不是失败: 从列表去掉, 长期运行时列表不会被占满
            self._client.cancel(transfer.id)
        return has_progress

    async def take_outcomes(self) -> list[dict[str, Any]]:
        """取走已有的结果, 并让排队的开始; 每收到一个事件之后调用。"""
        while self._backlog and len(self._active) < MAX_ACTIVE:
            await self._begin(self._backlog.popleft())
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    async def _begin(self, file: FileMessage) -> None:
        busy = {str(each.target).casefold() for each in self._active.values()}
        loop = asyncio.get_running_loop()
        # 可能要读完一个同样大的文件来比较
        target, is_there = await loop.run_in_executor(None, _choose, self._folder, file, busy)
        if target is None:
            self._fail(file, "unwritable", "同名的文件太多")
        elif is_there:
            self._terminal.line(f"已有 {target.name}, 内容相同, 不再下载")
            self._saved(_Saving(file, target))
        else:
            self._active[self._client.save_file(file, target)] = _Saving(file, target)

    def _saved(self, saving: _Saving) -> None:
        file = saving.file
        self._outcomes.append(
            {
                "type": "saved",
                "id": file.id,
                "path": str(saving.target),
                "sha256": file.sha256,
                "size": file.size,
            }
        )

    def _fail(self, file: FileMessage, code: str, message: str) -> None:
        self.failures += 1
        self._outcomes.append(
            {
                "type": "save_failed",
                "id": file.id,
                "originalName": file.original_name,
                "code": code,
                "message": message,
            }
        )


def open_folder(folder: Path) -> None:
    """没有则建立; 不能写抛 UsageError。"""
    shown = short_path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except FileExistsError as error:
        raise UsageError(f"不能把文件存进 {shown}: 它是文件, 不是文件夹") from error
    except (OSError, ValueError) as error:
        # ValueError: 路径里有空字符
        raise UsageError(f"不能把文件存进 {shown}: {describe_os_error(error)}") from error


def _choose(folder: Path, file: FileMessage, busy: set[str]) -> tuple[Path | None, bool]:
    """存到哪里, 以及那里是不是已经有同样的内容; 试遍了都不行则 None。"""
    taken = busy | {name + _PART for name in busy}
    for name in candidates(clean_file_name(file.original_name)):
        target = folder / name
        # casefold: Windows 与 macOS 的文件名不分大小写
        key = str(target).casefold()
        if not is_inside(target, folder) or key in taken or key + _PART in taken:
            continue
        if not os.path.lexists(target):
            return target, False
        if _has_content(target, file):
            return target, True
    return None, False


def _has_content(target: Path, file: FileMessage) -> bool:
    """大小与 SHA-256 都相同; 链接与读不了的算不同。"""
    try:
        if target.is_symlink() or not target.is_file() or target.stat().st_size != file.size:
            return False
        digest = hashlib.sha256()
        with target.open("rb") as content:
            for block in iter(lambda: content.read(_BLOCK_BYTES), b""):
                digest.update(block)
    except OSError as error:
        log.info("receive.unreadable file=%s error=%r", target, error)
        return False
    return digest.hexdigest() == file.sha256
