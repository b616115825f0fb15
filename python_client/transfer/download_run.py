"""一次下载的运行, 在自己的线程里: 核对已有的部分, 用 Range 接着取, 校验, 改名; 断了就报告, 由队列决定何时再来。"""

from __future__ import annotations

import hashlib
import http.client
import logging
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Callable, Iterator

from .download_outcome import (
    CUT,
    DONE,
    FAILED,
    MISMATCH,
    STOPPED,
    DownloadOutcome,
    EndedError,
    incomplete,
    network,
    refused,
    unwritable,
)
from .http_request import STALL_S, BadUrlError, HttpRequest
from .part_file import lock_part, part_path
from .remote_file import RemoteFile
from .transfer_list import REPORT_S

log = logging.getLogger(__name__)

# 一次读取的上限, 字节
_READ_BYTES = 512 * 1024
# 锁可能正由刚取消的那次拿着去删 .part: 等这么久, 每次隔这么久 (秒)
_LOCK_S = 1.0
_LOCK_POLL_S = 0.05
# 跟着上传下载时, 两次读到字节之间的期限 (秒): 比服务器的 downloads.followTimeoutMs 长一点
_FOLLOW_STALL_S = 150.0
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)\Z")


@dataclass(frozen=True)
class DownloadReports:
    """在运行的线程里调用, 都不阻塞; 数字是字节。"""

    checking: Callable[[int], None]
    moving: Callable[[int], None]
    verifying: Callable[[], None]


class DownloadRun:
    """run 在一个线程里调用一次; stop 任何线程, 至多一次读写之后停下。"""

    def __init__(self, file: RemoteFile, target: Path, reports: DownloadReports) -> None:
        self._file = file
        self._target = target
        self._part = part_path(target)
        self._reports = reports
        self._hash = hashlib.sha256()
        self._position = 0
        self._reported_s = 0.0
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._request: HttpRequest | None = None

    @property
    def position(self) -> int:
        """已写入 .part 的字节数。"""
        return self._position

    def run(self) -> DownloadOutcome:
        """错误都在结果里。"""
        try:
            return self._run()
        except EndedError as ended:
            return DownloadOutcome(STOPPED) if self._stopping.is_set() else ended.outcome
        except Exception as error:
            log.exception("download.broken")
            return DownloadOutcome(FAILED, "internal", f"客户端内部错误: {error}")

    def stop(self) -> None:
        self._stopping.set()
        with self._lock:
            if self._request is not None:
                self._request.abort()

    # ---- 各个阶段 ----

    def _run(self) -> DownloadOutcome:
        deadline_s = time.monotonic() + _LOCK_S
        try:
            while time.monotonic() < deadline_s:
                with lock_part(self._target) as is_ours:
                    if is_ours:
                        return self._download()
                self._stop_if_asked()
                self._stopping.wait(_LOCK_POLL_S)
        except OSError as error:
            # 网络的 OSError 在 _fetch 里已经译成 cut
            raise EndedError(unwritable(error)) from error
        return DownloadOutcome(FAILED, "unwritable", "另一个窗口或程序正在下载到这个文件")

    def _download(self) -> DownloadOutcome:
        # 不截断: 以前取到的部分还在里面
        with self._part.open("r+b" if self._part.exists() else "w+b", buffering=0) as part:
            self._check_existing(part)
            # 空文件也问一次: 服务器上可能已经没有了
            if self._position < self._file.size or self._file.size == 0:
                self._fetch(part)
        self._reports.verifying()
        sha256 = self._file.sha256 or self._ask_sha256()
        if self._hash.hexdigest() != sha256:
            self._part.unlink()
            return DownloadOutcome(MISMATCH)
        self._part.replace(self._target)
        return DownloadOutcome(DONE, sha256=sha256)

    def _check_existing(self, part: BinaryIO) -> None:
        """已有的部分算进校验; 比整个文件还长的不是我们的, 从头来。"""
        existing = part.seek(0, 2)
        if existing > self._file.size:
            part.truncate(0)
            existing = 0
        part.seek(0)
        buffer = memoryview(bytearray(_READ_BYTES))
        while self._position < existing:
            self._stop_if_asked()
            count = part.readinto(buffer)  # type: ignore[attr-defined]
            if not count:
                break
            self._hash.update(buffer[:count])
            self._position += count
            self._report(self._reports.checking)

    def _fetch(self, part: BinaryIO) -> None:
        # 跟着上传下的: 对方停着时一个字节也不会来, 由服务器决定何时断开
        stall_s = STALL_S if self._file.sha256 else _FOLLOW_STALL_S
        with self._requesting() as request:
            with network():
                response = request.get(self._range_headers(), stall_s)
            self._accept(response, part)
            self._reports.moving(self._position)
            self._copy(response, part)

    def _ask_sha256(self) -> str:
        """开始时还在上传的: 最后一个字节等发布之后才发出, 所以现在 ETag 就是 SHA-256。"""
        with self._requesting() as request:
            with network():
                response = request.head()
            if response.status != 200:
                raise EndedError(refused(response, was_uploading=True))
            sha256 = response.headers.get("ETag", "").strip('"')
        if _SHA256.match(sha256) is None:
            raise EndedError(DownloadOutcome(CUT, "bad_reply", "服务器没有说这个文件的校验值"))
        return sha256

    @contextmanager
    def _requesting(self) -> Iterator[HttpRequest]:
        """一次请求: stop 掐得断, 出来时已关。"""
        try:
            request = HttpRequest(self._file.url)
        except BadUrlError as error:
            raise EndedError(DownloadOutcome(FAILED, "bad_reply", "文件的链接不对")) from error
        with self._lock:
            self._request = request
        try:
            self._stop_if_asked()
            yield request
        finally:
            request.close()

    def _range_headers(self) -> dict[str, str]:
        if self._position == 0:
            return {}
        # If-Range: 内容变了就给全文, 不会拼出两半
        return {"Range": f"bytes={self._position}-", "If-Range": self._file.entity_tag}

    def _accept(self, response: http.client.HTTPResponse, part: BinaryIO) -> None:
        """看状态码; 服务器给了全文就从头写。"""
        if response.status == 206:
            found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
            if found is None or int(found.group(1)) != self._position:
                raise EndedError(DownloadOutcome(FAILED, "bad_reply"))
        elif response.status == 200:
            self._restart(part)
        elif response.status == 416:
            # 我们的部分与服务器的对不上
            self._restart(part)
            raise EndedError(DownloadOutcome(MISMATCH))
        else:
            raise EndedError(refused(response, was_uploading=not self._file.sha256))

    def _restart(self, part: BinaryIO) -> None:
        part.seek(0)
        part.truncate(0)
        self._position = 0
        self._hash = hashlib.sha256()

    def _copy(self, response: http.client.HTTPResponse, part: BinaryIO) -> None:
        while self._position < self._file.size:
            left = min(_READ_BYTES, self._file.size - self._position)
            # 到多少给多少: 慢线路上也有进度, 断线时已到的都写下
            with network():
                data = response.read1(left)
            self._stop_if_asked()
            if not data:
                raise EndedError(incomplete())
            _write_all(part, data)
            self._hash.update(data)
            self._position += len(data)
            self._report(self._reports.moving)

    def _report(self, report: Callable[[int], None]) -> None:
        now_s = time.monotonic()
        # 每次都转交给循环的话, 回环上每秒几千次
        if now_s - self._reported_s >= REPORT_S:
            self._reported_s = now_s
            report(self._position)

    def _stop_if_asked(self) -> None:
        if self._stopping.is_set():
            raise EndedError(DownloadOutcome(STOPPED))


def _write_all(part: BinaryIO, data: bytes) -> None:
    # 不缓冲的写可能只写一部分 (磁盘将满)
    view = memoryview(data)
    while view:
        view = view[part.write(view) :]
