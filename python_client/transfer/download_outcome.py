"""一次下载运行怎样结束; 队列据此决定等待, 重来, 失败或完成。"""

from __future__ import annotations

import errno
import http.client
import json
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from ..net.retry_after import header_s

log = logging.getLogger(__name__)

# 错误的应答体只读这么多
_MAX_ERROR_BYTES = 64 * 1024
# 满了的磁盘, 配额, 单个文件的上限 (FAT32 是 4 GiB)
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})

# DownloadOutcome.kind
DONE = "done"
CUT = "cut"
MISMATCH = "mismatch"
STOPPED = "stopped"
FAILED = "failed"


@dataclass(frozen=True)
class DownloadOutcome:
    """cut 可以接着取 (code 与 message 给总也取不到的), mismatch 是内容不对 (半成品已删), stopped 是我们自己要停的。"""

    kind: str
    code: str = ""
    message: str = ""
    # done 时: 核对过的
    sha256: str = ""
    # 服务器说过多久再来 (秒); 没有说为 0
    retry_after_s: float = 0.0


class EndedError(Exception):
    """提前结束。"""

    def __init__(self, outcome: DownloadOutcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@contextmanager
def network() -> Iterator[None]:
    """里面的 OSError 是断线, 不是磁盘的。"""
    try:
        yield
    except http.client.HTTPException as error:
        # RemoteDisconnected 也在这里: 有人应答, 却不是一个完整的应答
        log.info("download.cut error=%r", error)
        raise EndedError(incomplete()) from error
    except OSError as error:
        log.info("download.cut error=%r", error)
        raise EndedError(DownloadOutcome(CUT, "unreachable", "连不上文件所在的服务器")) from error


def incomplete() -> DownloadOutcome:
    """应答在说好的长度之前结束: 一次是断线或重启, 次次如此就是文件或途中的代理不对。"""
    return DownloadOutcome(CUT, "bad_reply", "服务器的应答总是不完整: 文件可能已损坏, 或被途中的代理截断")


def refused(response: http.client.HTTPResponse, *, was_uploading: bool) -> DownloadOutcome:
    """was_uploading: 开始下载时对方还在上传。"""
    status = response.status
    if status in (404, 410):
        # 也可能只是停着: 用户可以等它恢复之后重试, 下过的都留着
        said = "对方取消了上传, 或还没有接着传" if was_uploading else ""
        return DownloadOutcome(FAILED, "gone", said)
    if status == 500:
        return _broken(response)
    # 忙, 正在重启: 会过去
    if status == 429 or status >= 500:
        told = header_s(response.headers.get("Retry-After"))
        said = f"服务器一直不能提供这个文件 (HTTP {status})"
        return DownloadOutcome(CUT, "server_busy", said, retry_after_s=told)
    error = _error_of(response)
    if error is None:
        # 不是我们的服务器在应答
        return DownloadOutcome(FAILED, "bad_reply", f"服务器拒绝了下载 (HTTP {status})")
    return DownloadOutcome(FAILED, *error)


def _broken(response: http.client.HTTPResponse) -> DownloadOutcome:
    """文件在服务器的磁盘上坏了: 再取也一样; 别的内部错误也许会过去。"""
    error = _error_of(response)
    if error is not None and error[0] == "file_damaged":
        return DownloadOutcome(FAILED, *error)
    return DownloadOutcome(CUT, "server_busy", "服务器一直不能提供这个文件 (HTTP 500)")


def _error_of(response: http.client.HTTPResponse) -> tuple[str, str] | None:
    """应答里的错误码与说明; 不是协议的错误则为 None。"""
    with network():
        body = response.read(_MAX_ERROR_BYTES)
    try:
        error = json.loads(body)["error"]
        return str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        return None


def unwritable(error: OSError) -> DownloadOutcome:
    log.info("download.unwritable error=%s", error)
    if error.errno in _FULL:
        return DownloadOutcome(FAILED, "unwritable", "磁盘已满, 清理之后重试会接着下载")
    if isinstance(error, FileNotFoundError):
        return DownloadOutcome(FAILED, "unwritable", "目标文件夹不存在")
    return DownloadOutcome(FAILED, "unwritable")
