"""一次上传的运行: 连接, 开始或续传, 补算校验, 发分片, 结束; 断了就报告, 由队列决定何时再来。

connecting --> starting --file_ready--> catching_up --> sending --全部发出--> ending --file_done--> ended
                  ^                (补算服务器已有的)      |                     |
                  +------ 失步: 凭令牌再 file_start -------+---------------------+
starting 之后 --discard()--> discarding --file_cancelled--> ended;  任何状态 --断开, 被拒, 出错--> ended
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, Coroutine, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from ..net.websocket_options import connect_options
from ..protocol import codec
from ..protocol.chunk_frame import MAX_CHUNK_BYTES, encode_chunk_header
from ..protocol.messages import FileAck, FileCancelled, FileDone, FileReady, ServerError
from .block_reader import BlockReader
from .file_stamp import ChangedError
from .upload import Credentials, Upload
from .workers import Workers

log = logging.getLogger(__name__)

CONNECTING = "connecting"
STARTING = "starting"
CATCHING_UP = "catching_up"
SENDING = "sending"
ENDING = "ending"
DISCARDING = "discarding"
ENDED = "ended"

# 看一眼进度与安静多久的间隔 (秒)
_TICK_S = 0.2
# 等应答的期限 (秒): 慢线路上一个分片也要几十秒
_SILENCE_S = 60.0
# 服务器在算大文件的校验, 不会有别的消息 (秒)
_ENDING_SILENCE_S = 300.0
# 没有进展而反复失步: 不是丢了应答, 是哪里不对
_MAX_RESYNCS = 5
# 应答都很小
_MAX_REPLY_BYTES = 64 * 1024
# 上传还在, 重新取得 offset 即可继续 (PROTOCOL.md 6.4)
_SURVIVABLE = frozenset({"offset_mismatch", "window_exceeded", "upload_unknown"})

# Outcome.kind
DONE = "done"
CUT = "cut"
LOST = "lost"
REFUSED = "refused"
CHANGED = "changed"
UNREADABLE = "unreadable"
BROKEN = "broken"
DISCARDED = "discarded"


@dataclass(frozen=True)
class Outcome:
    """一次运行怎样结束: cut 可以续传, lost 是服务器已没有这个上传, refused 带着服务器的错误。"""

    kind: str
    code: str = ""
    message: str = ""
    retryable: bool = False
    # cut 时的关闭码
    close_code: int = 1006
    done: FileDone | None = None


class RunReports(Protocol):
    """运行中的报告, 由队列写进列表与续传记录。"""

    def ready(self, upload: Upload, credentials: Credentials, offset: int) -> None: ...

    def sending(self, upload: Upload) -> None:
        """核对完了, 开始发。"""

    def verifying(self, upload: Upload) -> None: ...


class UploadRun:
    """run() 一次; 取消它的任务即停下, 服务器留着已收的字节。"""

    def __init__(
        self, upload: Upload, url: str, *, binary: bool, reports: RunReports, workers: Workers
    ) -> None:
        self._upload = upload
        # 带着当时的会话
        self.url = url
        self._binary = binary
        self._reports = reports
        self._credentials = upload.credentials
        self._reader = BlockReader(upload.path, upload.stamp, upload.hasher, workers)
        self._connection: ClientConnection | None = None
        self._state = CONNECTING
        self._gate = asyncio.Event()
        self._ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []
        # 下一个要发的字节, 与服务器已确认的
        self._next = 0
        self._acked = 0
        self._chunk_bytes = MAX_CHUNK_BYTES
        self._window_bytes = MAX_CHUNK_BYTES
        # 发出的 file_start 与收到的 file_ready
        self._starts = 0
        self._readies = 0
        self._resyncs = 0
        self._heard_s = time.monotonic()

    @property
    def credentials(self) -> Credentials | None:
        return self._credentials

    @property
    def is_discarded(self) -> bool:
        """已结束, 而且服务器那里没有留下什么。"""
        return self._ended.done() and not self._ended.cancelled() and self._ended.result().kind != CUT

    async def run(self) -> Outcome:
        """错误都在 Outcome 里; 被取消时抛 CancelledError。"""
        self._spawn(self._work())
        self._spawn(self._watch())
        try:
            return await self._ended
        finally:
            self._state = ENDED
            await self._clean_up()

    def discard(self) -> bool:
        """让服务器删掉已收的, 再结束。False: 还没有连上, 服务器那里没有这次运行的东西。"""
        if self._state in (CONNECTING, ENDED):
            return False
        self._become(DISCARDING)
        return True

    # ---- 各个阶段 ----

    async def _work(self) -> None:
        await self._reader.open()
        await self._connect()
        self._spawn(self._receive())
        self._become(STARTING)
        while self._state == STARTING:
            await self._begin()
            await self._catch_up()
            await self._send_chunks()
            await self._finish()
        if self._state == DISCARDING:
            await self._discard()

    async def _connect(self) -> None:
        try:
            self._connection = await connect(self.url, max_size=_MAX_REPLY_BYTES, **connect_options())
        except InvalidStatus as error:
            status = error.response.status_code
            log.warning("upload.connect status=%d", status)
            # 429 与 5xx (名额已满, 代理后面的服务器在重启) 会过去; 其余再试也一样
            if status < 500 and status != 429:
                self._end(Outcome(REFUSED, "bad_reply", f"服务器不接受传输连接 (HTTP {status})"))
            else:
                self._end(Outcome(CUT))
        except (OSError, InvalidHandshake, InvalidURI, asyncio.TimeoutError, EOFError) as error:
            log.info("upload.connect error=%s", error)
            self._end(Outcome(CUT))

    async def _begin(self) -> None:
        self._starts += 1
        await self._send(self._start_frame())
        await self._while(STARTING)

    async def _catch_up(self) -> None:
        """服务器收下的比算过的多 (应答丢了, 或是上一次运行留下的): 补读补算, 不重发。"""
        position = self._upload.hasher.position
        while self._state == CATCHING_UP and position < self._next:
            position = await self._reader.hash_towards(self._next)
            self._upload.checking(min(position, self._next))
        if self._state == CATCHING_UP:
            self._reports.sending(self._upload)
            self._become(SENDING)

    async def _send_chunks(self) -> None:
        while self._state == SENDING and self._next < self._upload.stamp.size:
            length = min(self._chunk_bytes, self._upload.stamp.size - self._next)
            if self._next - self._acked + length > self._window_bytes:
                await self._gate_opened()
            else:
                await self._send_chunk(length)

    async def _send_chunk(self, length: int) -> None:
        offset = self._next
        data = await self._reader.read(offset, length)
        # 读的时候可能失步了
        if self._state != SENDING or offset != self._next:
            return
        self._next = offset + len(data)
        assert self._credentials is not None
        upload_id = self._credentials.upload_id
        if self._binary:
            # 唯一的一次拼接: 头与块的视图
            await self._send(b"".join((encode_chunk_header(upload_id, offset), data)))
        else:
            await self._send(codec.file_chunk(upload_id, offset, bytes(data)))

    async def _finish(self) -> None:
        if self._state != SENDING:
            return
        # 最后比对一次: 传输期间改动过的文件, 前后两半不属于同一个版本
        await self._reader.check_unchanged()
        if self._state != SENDING:
            return
        assert self._credentials is not None
        self._become(ENDING)
        await self._send(codec.file_end(self._credentials.upload_id, self._upload.hasher.hexdigest()))
        self._reports.verifying(self._upload)
        await self._while(ENDING)

    async def _discard(self) -> None:
        # 只有开始 (或接管) 之后才能取消: 等这条连接上的 file_ready
        while self._readies < self._starts:
            await self._gate_opened()
        assert self._credentials is not None
        await self._send(codec.file_cancel(self._credentials.upload_id))

    # ---- 服务器的应答 ----

    async def _receive(self) -> None:
        assert self._connection is not None
        async for frame in self._connection:
            self._heard_s = time.monotonic()
            # 服务器只发文本帧
            if isinstance(frame, str):
                self._handle(codec.decode(frame))
        # 正常关闭 (1000) 时迭代自己结束
        self._end(Outcome(CUT, close_code=self._connection.protocol.close_code or 1006))

    def _handle(self, reply: object) -> None:
        if isinstance(reply, FileReady):
            self._ready(reply)
        elif isinstance(reply, FileAck):
            self._acknowledge(reply.offset)
        elif isinstance(reply, FileDone):
            self._end(Outcome(DONE, done=reply))
        elif isinstance(reply, FileCancelled):
            self._end(Outcome(DISCARDED))
        elif isinstance(reply, ServerError):
            self._refused(reply)

    def _ready(self, ready: FileReady) -> None:
        if self._state not in (STARTING, DISCARDING):
            return
        self._readies = self._starts
        self._credentials = Credentials(ready.upload_id, ready.resume_token)
        if self._state == DISCARDING:
            self._gate.set()
            return
        if not 0 <= ready.offset <= self._upload.stamp.size or min(ready.chunk_bytes, ready.window_bytes) < 1:
            self._end(Outcome(REFUSED, "bad_reply"))
            return
        # 窗口再小也要放得下一个分片, 否则永远发不出去
        self._chunk_bytes = min(ready.chunk_bytes, ready.window_bytes, MAX_CHUNK_BYTES)
        self._window_bytes = ready.window_bytes
        self._reader.set_chunk_bytes(self._chunk_bytes)
        self._next = self._acked = ready.offset
        self._reports.ready(self._upload, self._credentials, ready.offset)
        self._become(CATCHING_UP)

    def _acknowledge(self, offset: int) -> None:
        # 失步之后还会到的旧应答不能让它退回去; 超过已发的不合协议, 不理
        if self._acked < offset <= self._next:
            self._acked = offset
            self._resyncs = 0
            self._gate.set()

    def _refused(self, error: ServerError) -> None:
        log.info("upload.refused code=%s state=%s offset=%d", error.code, self._state, self._next)
        if self._state == DISCARDING:
            # 已经没有了, 或路上的分片还在报错: 后者等 file_cancelled
            if error.code == "upload_unknown":
                self._end(Outcome(DISCARDED))
            return
        if self._is_survivable(error):
            # 路上的分片各报一次错: 已经在重新开始, 后面的不理
            if self._state == STARTING:
                return
            self._resyncs += 1
            if self._resyncs <= _MAX_RESYNCS:
                self._become(STARTING)
                return
        is_lost = (
            error.code == "upload_unknown"
            and error.ref == self._client_id()
            and self._credentials is not None
        )
        if is_lost:
            self._end(Outcome(LOST))
        else:
            self._end(Outcome(REFUSED, error.code, error.message, error.retryable))

    def _is_survivable(self, error: ServerError) -> bool:
        if self._credentials is None or error.ref != self._credentials.upload_id:
            return False
        # file_end 时还缺字节: 带着 offset, 上传仍在
        return error.code in _SURVIVABLE or (error.code == "size_mismatch" and "offset" in error.facts)

    # ---- 状态 ----

    def _become(self, state: str) -> None:
        if self._state != ENDED:
            self._state = state
            self._heard_s = time.monotonic()
            self._gate.set()

    def _end(self, outcome: Outcome) -> None:
        if not self._ended.done():
            self._state = ENDED
            self._ended.set_result(outcome)

    async def _while(self, state: str) -> None:
        while self._state == state:
            await self._gate_opened()

    async def _gate_opened(self) -> None:
        self._gate.clear()
        await self._gate.wait()

    async def _watch(self) -> None:
        while not self._ended.done():
            await asyncio.sleep(_TICK_S)
            if self._state in (SENDING, ENDING):
                self._upload.progress(self._acked)
            if self._is_silent():
                log.warning("upload.silent state=%s", self._state)
                self._end(Outcome(CUT))

    def _is_silent(self) -> bool:
        """等着服务器而它久不作声: 网络断了而系统还不知道。connecting 由 websockets 自己限时。"""
        is_waiting = self._state in (STARTING, ENDING, DISCARDING) or (
            self._state == SENDING and self._next > self._acked
        )
        limit_s = _ENDING_SILENCE_S if self._state == ENDING else _SILENCE_S
        return is_waiting and time.monotonic() - self._heard_s > limit_s

    # ---- 发送与收尾 ----

    def _client_id(self) -> str:
        return f"{self._upload.id}-{self._starts}"

    def _start_frame(self) -> str:
        if self._credentials is not None:
            credentials = self._credentials
            return codec.file_resume(self._client_id(), credentials.upload_id, credentials.resume_token)
        encoding = "binary" if self._binary else "base64"
        return codec.file_start(self._client_id(), self._upload.name, self._upload.stamp.size, encoding)

    async def _send(self, frame: str | bytes) -> None:
        if self._connection is not None:
            # 网络写不动时在这里等: 由此形成背压
            await self._connection.send(frame)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._guard(work)))

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ConnectionClosed as closed:
            self._end(Outcome(CUT, close_code=1006 if closed.rcvd is None else closed.rcvd.code))
        except ChangedError as error:
            self._end(Outcome(CHANGED, "changed", str(error)))
        except OSError as error:
            log.warning("upload.unreadable error=%s", error)
            self._end(Outcome(UNREADABLE, "unreadable"))
        except codec.BadFrameError as error:
            log.warning("upload.bad_reply error=%s", error)
            self._end(Outcome(REFUSED, "bad_reply"))
        except Exception as error:
            log.exception("upload.broken")
            self._end(Outcome(BROKEN, "internal", f"客户端内部错误: {error}"))

    async def _clean_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._connection is not None:
            # 不等关闭握手: 暂停与退出要立即停下, 完成的已经完成
            self._connection.transport.abort()
        self._reader.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
