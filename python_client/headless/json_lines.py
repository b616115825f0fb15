"""stdout 上一行一行的 JSON; 在自己的线程里写, 读者慢时不挡住网络, 不读了也不挡住退出。"""

from __future__ import annotations

import asyncio
import errno
import io
import json
import queue
import sys
import threading
from typing import Any, BinaryIO, Mapping

from ..model.os_errors import describe_os_error

# JSON 不转义它们, 但终端把 U+0080 到 U+009F 当作控制码, 有的读者在 U+0085, U+2028 与 U+2029 处断行
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}


class ClosedOutputError(Exception):
    """stdout 没有了: 管道的读者先离开, 或一开始就是关着的。"""


class BrokenOutputError(Exception):
    """有读者, 却写不出去: 磁盘满了, 磁盘坏了; 说明就是给用户看的一行。"""


class JsonLines:
    """write 等到这一行真的写出: 同时至多一行在等, 队列因此有界。"""

    def __init__(self) -> None:
        self._raw = _raw_stdout()
        self._waiting: queue.Queue[tuple[bytes, asyncio.Future[None]]] = queue.Queue()
        self._loop = asyncio.get_running_loop()
        # daemon: 卡在没有人读的管道上时, 进程照样能结束
        threading.Thread(target=self._write_all, name="sluice-stdout", daemon=True).start()

    async def write(self, fields: Mapping[str, Any]) -> None:
        """写不出去抛 ClosedOutputError 或 BrokenOutputError; 返回时已交给系统。"""
        written = self._loop.create_future()
        self._waiting.put((encode_line(fields), written))
        await written

    def _write_all(self) -> None:
        while True:
            line, written = self._waiting.get()
            error = self._write(line)
            try:
                self._loop.call_soon_threadsafe(_settle, written, error)
            except RuntimeError:
                # 循环已关闭: 没有谁在等
                return

    def _write(self, line: bytes) -> OSError | None:
        try:
            # 不经缓冲: 缓冲的锁被卡住的线程拿着时, 解释器退出会崩溃
            while line:
                if self._raw is None:
                    return BrokenPipeError()
                line = line[self._raw.write(line) or 0 :]
        except OSError as error:
            return error
        return None


def encode_line(fields: Mapping[str, Any]) -> bytes:
    """一行 UTF-8。路径里不是 UTF-8 的字节写成 \\udcXX, 读 JSON 的一方还原得出。"""
    line = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES) + "\n"
    return line.encode("utf-8", "backslashreplace")


def is_reader_gone(error: OSError) -> bool:
    """只有管道的读者离开才算: 那是别人的选择, 不是错误。"""
    # Windows 上写一个没有读者的管道, 得到的可能是 EINVAL
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)


def _raw_stdout() -> BinaryIO | io.RawIOBase | None:
    if sys.stdout is None:
        return None
    sys.stdout.flush()
    buffer = sys.stdout.buffer
    # PYTHONUNBUFFERED 时本来就没有缓冲
    return buffer.raw if isinstance(buffer, io.BufferedWriter) else buffer


def _settle(written: asyncio.Future[None], error: OSError | None) -> None:
    if written.done():
        return
    if error is None:
        written.set_result(None)
    elif is_reader_gone(error):
        written.set_exception(ClosedOutputError(str(error)))
    else:
        written.set_exception(BrokenOutputError(f"输出 (stdout) 写不出去: {describe_os_error(error)}"))
