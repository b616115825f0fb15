"""顺着读文件: 在线程里一次读一块并算校验, 发这一块时预读下一块; 内存里只有两块, 不管文件多大。"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ..protocol.messages import ByteRange
from .file_hasher import FileHasher
from .file_stamp import ChangedError, FileStamp, check_stamp
from .workers import Workers

# 一块的大小, 字节: 太小则线程间的往返占大头, 太大则占内存
BLOCK_BYTES = 1024 * 1024
# 补算校验时一个任务至多算这么多, 字节: 取消要能很快停下
_CATCH_UP_BYTES = 8 * BLOCK_BYTES


@dataclass(frozen=True)
class _Block:
    start: int
    view: memoryview

    @property
    def end(self) -> int:
        return self.start + len(self.view)

    def holds(self, offset: int) -> bool:
        return self.start <= offset < self.end


class BlockReader:
    """一个文件的一次阅读; 同时只能有一个 read。错误: OSError; 文件变了 ChangedError。"""

    def __init__(self, path: Path, stamp: FileStamp, hasher: FileHasher, workers: Workers) -> None:
        self._path = path
        self._stamp = stamp
        self._hasher = hasher
        self._workers = workers
        # 读与关在不同的线程: 读到一半关掉, 描述符可能已归别的文件
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._block_bytes = BLOCK_BYTES
        self._spares: list[bytearray] = []
        self._current = _Block(0, memoryview(b""))
        self._ahead: asyncio.Future[_Block] | None = None

    async def open(self) -> None:
        await self._workers.run(self._open)

    def set_chunk_bytes(self, chunk_bytes: int) -> None:
        """块取分片的整数倍, 分片就不会被块的边界切碎。先前读的作废。"""
        self._block_bytes = chunk_bytes * max(1, BLOCK_BYTES // chunk_bytes)
        self._spares = []
        self._current = _Block(0, memoryview(b""))
        self._ahead = None

    async def read(self, offset: int, most: int) -> memoryview:
        """offset 起至多 most 字节, 至少一个; 不拷贝, 只在下一次 read 之前有效。"""
        if not self._current.holds(offset):
            await self._advance(offset)
        begin = offset - self._current.start
        return self._current.view[begin : begin + most]

    async def hash_towards(self, goal: int) -> int:
        """补算校验 (服务器已有而本进程没有算过的), 一次几 MiB; 返回算到了哪里, 可能已超过 goal。"""
        if self._hasher.position < goal:
            buffer = self._spares.pop() if self._spares else bytearray(self._block_bytes)
            await self._workers.run(partial(self._hash_some, goal, buffer))
            self._spares.append(buffer)
        return self._hasher.position

    async def hash_range(self, part: ByteRange) -> str:
        """文件里一段的 SHA-256, 与整个文件的校验无关; 一次几 MiB, 取消很快停下。"""
        digest = hashlib.sha256()
        end = part.offset + part.length
        buffer = self._spares.pop() if self._spares else bytearray(self._block_bytes)
        for start in range(part.offset, end, _CATCH_UP_BYTES):
            stop = min(end, start + _CATCH_UP_BYTES)
            await self._workers.run(partial(self._digest_some, start, stop, buffer, digest))
        self._spares.append(buffer)
        return digest.hexdigest()

    async def check_unchanged(self) -> None:
        await self._workers.run(self._check)

    def close(self) -> None:
        """不等待; 正在读的那一块读完才关。"""
        self._ahead = None
        # 线程池已停时取消的 Future 没有人看; 守护线程随进程结束, 描述符由系统收回
        self._workers.run(self._close).add_done_callback(_ignore)

    async def _advance(self, offset: int) -> None:
        ahead, self._ahead = self._ahead, None
        old = self._current
        block = None if ahead is None else await ahead
        self._recycle(old)
        if block is not None and not block.holds(offset):
            self._recycle(block)
            block = None
        if block is None:
            block = await self._load(offset)
        self._current = block
        if block.end < self._stamp.size:
            self._ahead = self._load(block.end)
            # 运行结束时预读可能没有人等: 取走它的错误
            self._ahead.add_done_callback(_ignore)

    def _load(self, offset: int) -> asyncio.Future[_Block]:
        # 反复使用同样两块内存: 每块新分配要触发几百次缺页
        buffer = self._spares.pop() if self._spares else bytearray(self._block_bytes)
        return self._workers.run(partial(self._read_block, offset, buffer))

    def _recycle(self, block: _Block) -> None:
        if isinstance(block.view.obj, bytearray):
            self._spares.append(block.view.obj)

    # ---- 以下在工作线程里 ----

    def _open(self) -> None:
        with self._lock:
            # 不缓冲: 每次都读满一整块, 缓冲只是多一次拷贝
            self._file = self._path.open("rb", buffering=0)
            check_stamp(self._file.fileno(), self._stamp)

    def _read_block(self, offset: int, buffer: bytearray) -> _Block:
        length = min(len(buffer), self._stamp.size - offset)
        view = memoryview(buffer)[:length]
        self._fill(offset, view)
        self._hasher.update(offset, view)
        return _Block(offset, view)

    def _hash_some(self, goal: int, buffer: bytearray) -> None:
        stop_at = min(goal, self._hasher.position + _CATCH_UP_BYTES)
        while self._hasher.position < stop_at:
            offset = self._hasher.position
            view = memoryview(buffer)[: min(len(buffer), stop_at - offset)]
            self._fill(offset, view)
            self._hasher.update(offset, view)

    def _digest_some(self, start: int, stop: int, buffer: bytearray, digest: hashlib._Hash) -> None:
        while start < stop:
            view = memoryview(buffer)[: min(len(buffer), stop - start)]
            self._fill(start, view)
            digest.update(view)
            start += len(view)

    def _fill(self, offset: int, view: memoryview) -> None:
        with self._lock:
            if self._file is None:
                raise OSError("文件已关闭")
            self._file.seek(offset)
            filled = 0
            while filled < len(view):
                count = self._file.readinto(view[filled:])  # type: ignore[attr-defined]
                if not count:
                    raise ChangedError("文件在发送期间变短了, 请重试")
                filled += count

    def _check(self) -> None:
        with self._lock:
            if self._file is not None:
                check_stamp(self._file.fileno(), self._stamp)

    def _close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


def _ignore(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        # 看过就不会再有 "从未取走的异常" 的日志; 真正的错误由 read 抛出
        future.exception()
