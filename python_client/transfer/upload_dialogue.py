"""一次上传与服务器的对话: 该发的帧, 应答的含义; 不碰网络与磁盘。

connecting --> starting --file_ready--> catching_up --> sending --全部发出--> ending --file_done--> ended
                  ^                (补算服务器已有的)      |                     |
                  +------ 失步: 凭令牌再 file_start -------+---------------------+
秒传 (file_ready 有 sizeKnown): catching_up 算完整个文件 --> asking --file_challenge--> proving --file_done--> ended
                                     sending <-- not_found, checksum_mismatch --+-----------+
starting 之后 --discard()--> discarding --file_cancelled--> ended;  任何状态 --断开, 被拒, 出错--> ended
"""

from __future__ import annotations

import logging
from typing import Callable, Protocol, Sequence

from ..net.retry_after import told_s
from ..protocol import client_frames
from ..protocol.chunk_frame import encode_chunk_header
from ..protocol.messages import (
    ByteRange,
    FileAck,
    FileCancelled,
    FileChallenge,
    FileDone,
    FileReady,
    ServerError,
)
from .published import find_mismatch
from .upload import Credentials, Upload
from .upload_outcome import DISCARDED, DONE, LOST, REFUSED, Outcome
from .upload_window import UploadWindow

log = logging.getLogger(__name__)

CONNECTING = "connecting"
STARTING = "starting"
CATCHING_UP = "catching_up"
ASKING = "asking"
PROVING = "proving"
SENDING = "sending"
ENDING = "ending"
DISCARDING = "discarding"
ENDED = "ended"

# 没有进展而反复失步: 不是丢了应答, 是哪里不对
_MAX_RESYNCS = 5
# 上传还在, 重新取得 offset 即可继续 (PROTOCOL.md 6.4)
_SURVIVABLE = frozenset({"offset_mismatch", "window_exceeded", "upload_unknown"})

# 秒传不成: 上传仍在, 照常发分片 (PROTOCOL.md 6.5)
_NOT_INSTANT = frozenset({"not_found", "checksum_mismatch"})


class RunReports(Protocol):
    """运行中的报告, 由队列写进列表与续传记录。"""

    def ready(self, upload: Upload, credentials: Credentials, ready: FileReady) -> None: ...

    def sending(self, upload: Upload) -> None:
        """核对完了, 开始发。"""

    def verifying(self, upload: Upload) -> None: ...


class UploadDialogue:
    """changed: 状态变了, 或窗口开了; 由运行去叫醒等着的。"""

    def __init__(
        self, upload: Upload, reports: RunReports, changed: Callable[[], None], *, binary: bool
    ) -> None:
        self.window = UploadWindow()
        self.credentials = upload.credentials
        # 结束之后才有; 被取消的没有
        self.outcome: Outcome | None = None
        # 抽查点名的各段; proving 时才有
        self.ranges: tuple[ByteRange, ...] = ()
        self._upload = upload
        self._reports = reports
        self._changed = changed
        self._binary = binary
        self._state = CONNECTING
        # 发出的 file_start 与收到的 file_ready
        self._starts = 0
        self._readies = 0
        self._resyncs = 0
        # 服务器有同样大小的文件, 而这次运行还没有问过是不是同一份
        self._may_match = False
        self._has_asked = False

    @property
    def state(self) -> str:
        return self._state

    @property
    def is_answered(self) -> bool:
        """每次 file_start 都有了 file_ready: 上传归这条连接。"""
        return self._readies == self._starts

    @property
    def hash_goal(self) -> int:
        """发分片之前要算到哪里, 字节: 服务器已有的都要补算; 值得试秒传的算完整个文件。"""
        return self._upload.stamp.size if self._may_match else self.window.next

    def hashed(self) -> bool:
        """算到了 hash_goal。True: 该问秒传了 (asking); False: 该发分片了 (还没有变成 sending)。"""
        if not self._may_match:
            return False
        self._may_match, self._has_asked = False, True
        self.become(ASKING)
        return True

    def become(self, state: str) -> None:
        if self._state != ENDED:
            self._state = state
            self._changed()

    def end(self, outcome: Outcome) -> None:
        """只有第一个结果算数; 已经 close 的不再有结果。"""
        if self._state != ENDED:
            self.outcome = outcome
            self.become(ENDED)

    def close(self) -> None:
        """运行被取消。"""
        self._state = ENDED

    # ---- 要发的 ----

    def start_frame(self) -> str:
        self._starts += 1
        if self.credentials is not None:
            credentials = self.credentials
            return client_frames.file_resume(
                self._client_id(), credentials.upload_id, credentials.resume_token
            )
        encoding = "binary" if self._binary else "base64"
        return client_frames.file_start(
            self._client_id(), self._upload.name, self._upload.stamp.size, encoding
        )

    def chunk_frame(self, offset: int, data: memoryview) -> str | bytes:
        if self._binary:
            # 唯一的一次拼接: 头与块的视图
            return b"".join((encode_chunk_header(self._upload_id(), offset), data))
        return client_frames.file_chunk(self._upload_id(), offset, bytes(data))

    def end_frame(self, sha256: str) -> str:
        return client_frames.file_end(self._upload_id(), sha256)

    def hash_frame(self) -> str:
        return client_frames.file_hash(self._upload_id(), self._upload.hasher.hexdigest())

    def proof_frame(self, hashes: Sequence[str]) -> str:
        return client_frames.file_proof(self._upload_id(), hashes)

    def cancel_frame(self) -> str:
        return client_frames.file_cancel(self._upload_id())

    # ---- 服务器的应答 ----

    def receive(self, reply: object) -> None:
        """别的消息不理。"""
        if isinstance(reply, FileReady):
            self._ready(reply)
        elif isinstance(reply, FileAck):
            self._acknowledged(reply)
        elif isinstance(reply, FileChallenge):
            self._challenged(reply)
        elif isinstance(reply, FileDone):
            self._done(reply)
        elif isinstance(reply, FileCancelled):
            self.end(Outcome(DISCARDED))
        elif isinstance(reply, ServerError):
            self._refused(reply)

    def _ready(self, ready: FileReady) -> None:
        if self._state not in (STARTING, DISCARDING):
            return
        self._readies = self._starts
        self.credentials = Credentials(ready.upload_id, ready.resume_token)
        if self._state == DISCARDING:
            # 现在可以取消了
            self._changed()
            return
        if not self._is_usable(ready):
            self.end(Outcome(REFUSED, "bad_reply"))
            return
        self.window.restart(ready)
        # 传完了的 (续传只差 file_end) 不必再问
        self._may_match = ready.size_known and not self._has_asked and ready.offset < self._upload.stamp.size
        self._reports.ready(self._upload, self.credentials, ready)
        self.become(CATCHING_UP)

    def _challenged(self, challenge: FileChallenge) -> None:
        # 没有问过的, 迟到的: 不答也可以
        if self._state != ASKING:
            return
        size = self._upload.stamp.size
        if any(part.offset + part.length > size for part in challenge.ranges):
            self.end(Outcome(REFUSED, "bad_reply"))
            return
        self.ranges = challenge.ranges
        self.become(PROVING)

    def _is_usable(self, ready: FileReady) -> bool:
        if self._binary:
            try:
                encode_chunk_header(ready.upload_id, 0)
            except ValueError:
                # 二进制的帧头里放不下: 不是 UUID
                return False
        return ready.offset <= self._upload.stamp.size and min(ready.chunk_bytes, ready.window_bytes) >= 1

    def _acknowledged(self, ack: FileAck) -> None:
        if self.window.acknowledge(ack.offset):
            self._resyncs = 0
            self._changed()

    def _done(self, done: FileDone) -> None:
        if self._state not in (ENDING, PROVING, DISCARDING):
            # 还没有发 file_end 或答抽查: 服务器不会知道校验对不对
            self.end(Outcome(REFUSED, "bad_reply"))
            return
        stamp, hasher = self._upload.stamp, self._upload.hasher
        wrong = find_mismatch(done.file, stamp.size, hasher.hexdigest())
        # 取消晚了一步的不核对: 结果没有人看
        if wrong is None or self._state == DISCARDING:
            self.end(Outcome(DONE, done=done, instant=self._state == PROVING))
        else:
            self.end(Outcome(REFUSED, *wrong))

    def _refused(self, error: ServerError) -> None:
        log.info("upload.refused code=%s state=%s offset=%d", error.code, self._state, self.window.next)
        if self._state == DISCARDING:
            # 已经没有了, 或路上的分片还在报错: 后者等 file_cancelled
            if error.code == "upload_unknown":
                self.end(Outcome(DISCARDED))
        elif self._is_not_instant(error):
            self.become(SENDING)
            self._reports.sending(self._upload)
        elif self._is_survivable(error):
            self._resync(error)
        elif self._is_lost(error):
            self.end(Outcome(LOST))
        else:
            self.end(_refusal(error))

    def _resync(self, error: ServerError) -> None:
        # 路上的分片各报一次错: 已经在重新开始, 后面的不理
        if self._state == STARTING:
            return
        self._resyncs += 1
        if self._resyncs <= _MAX_RESYNCS:
            self.become(STARTING)
        else:
            self.end(_refusal(error))

    def _is_survivable(self, error: ServerError) -> bool:
        if self.credentials is None or error.ref != self.credentials.upload_id:
            return False
        # file_end 时还缺字节: 带着 offset, 上传仍在
        return error.code in _SURVIVABLE or (error.code == "size_mismatch" and "offset" in error.facts)

    def _is_not_instant(self, error: ServerError) -> bool:
        is_ours = self.credentials is not None and error.ref == self.credentials.upload_id
        return is_ours and self._state in (ASKING, PROVING) and error.code in _NOT_INSTANT

    def _is_lost(self, error: ServerError) -> bool:
        """续传时服务器说没有这个上传。"""
        is_ours = self.credentials is not None and error.ref == self._client_id()
        return is_ours and error.code == "upload_unknown"

    def _client_id(self) -> str:
        return f"{self._upload.id}-{self._starts}"

    def _upload_id(self) -> str:
        # file_ready 之后才有要发的
        assert self.credentials is not None
        return self.credentials.upload_id


def _refusal(error: ServerError) -> Outcome:
    return Outcome(REFUSED, error.code, error.message, error.retryable, told_s(error.facts))
