"""一次上传运行怎样结束; 队列据此决定等待, 重来, 失败或完成。"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from websockets.exceptions import ConnectionClosed, InvalidStatus

from ..net.retry_after import header_s
from ..protocol.codec import BadFrameError
from ..protocol.messages import FileDone
from .file_stamp import ChangedError

log = logging.getLogger(__name__)

# Outcome.kind
DONE = "done"
CUT = "cut"
SILENT = "silent"
LOST = "lost"
REFUSED = "refused"
CHANGED = "changed"
UNREADABLE = "unreadable"
BROKEN = "broken"
DISCARDED = "discarded"


@dataclass(frozen=True)
class Outcome:
    """cut 与 silent (连着而久不应答) 可以续传, lost 是服务器已没有这个上传, refused 带着服务器的错误。"""

    kind: str
    code: str = ""
    message: str = ""
    retryable: bool = False
    # 服务器说过多久再来 (秒); 没有说为 0
    retry_after_s: float = 0.0
    # cut 时的关闭码
    close_code: int = 1006
    done: FileDone | None = None
    # 服务器已有同样的内容, 没有再传
    instant: bool = False


def unconnected(error: Exception) -> Outcome:
    """没有连上。"""
    if not isinstance(error, InvalidStatus):
        log.info("upload.connect error=%s", error)
        return Outcome(CUT)
    status = error.response.status_code
    log.info("upload.connect status=%d", status)
    # 429 与 5xx (名额已满, 代理后面的服务器在重启) 会过去; 其余再试也一样
    if status < 500 and status != 429:
        return Outcome(REFUSED, "bad_reply", f"服务器不接受传输连接 (HTTP {status})")
    return Outcome(CUT, retry_after_s=header_s(error.response.headers.get("Retry-After")))


def interrupted(error: Exception) -> Outcome:
    """连上之后出了错。"""
    if isinstance(error, ConnectionClosed):
        return Outcome(CUT, close_code=1006 if error.rcvd is None else error.rcvd.code)
    if isinstance(error, ChangedError):
        return Outcome(CHANGED, "changed", str(error))
    if isinstance(error, OSError):
        # 网络的错误 websockets 都译成了 ConnectionClosed: 这是读文件的
        log.info("upload.unreadable error=%s", error)
        return Outcome(UNREADABLE, "unreadable")
    if isinstance(error, BadFrameError):
        log.info("upload.bad_reply error=%s", error)
        return Outcome(REFUSED, "bad_reply")
    log.error("upload.broken", exc_info=error)
    return Outcome(BROKEN, "internal", f"客户端内部错误: {error}")
