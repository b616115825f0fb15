"""一次上传的运行: 连接, 开始或续传, 补算校验, 发分片, 结束; 断了就报告, 由队列决定何时再来。"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Awaitable, Callable

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidHandshake, InvalidURI

from ..protocol import codec
from .block_reader import BlockReader
from .transfer_connection import open_transfer
from .transfer_door import DoorClosedError, TransferDoor
from .upload import Credentials, Upload
from .upload_dialogue import (
    ASKING,
    CATCHING_UP,
    CONNECTING,
    DISCARDING,
    ENDED,
    ENDING,
    PROVING,
    SENDING,
    STARTING,
    RunReports,
    UploadDialogue,
)
from .upload_outcome import CUT, SILENT, Outcome, interrupted, unconnected
from .workers import Workers

log = logging.getLogger(__name__)

# 看一眼进度与安静多久的间隔 (秒)
_TICK_S = 0.2
# 等应答的期限 (秒): 慢线路上一个分片也要几十秒
_SILENCE_S = 60.0
# 服务器在算大文件的校验, 不会有别的消息 (秒)
_ENDING_SILENCE_S = 300.0


class UploadRun:
    """run() 一次; 取消它的任务即停下, 服务器留着已收的字节。状态图见 upload_dialogue.py。"""

    def __init__(
        self, upload: Upload, door: TransferDoor, *, binary: bool, reports: RunReports, workers: Workers
    ) -> None:
        self._upload = upload
        self._door = door
        self._reports = reports
        self._dialogue = UploadDialogue(upload, reports, self._changed, binary=binary)
        self._window = self._dialogue.window
        self._reader = BlockReader(upload.path, upload.stamp, upload.hasher, workers)
        self._connection: ClientConnection | None = None
        # 状态变了, 或窗口开了
        self._gate = asyncio.Event()
        self._ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_s = time.monotonic()

    @property
    def credentials(self) -> Credentials | None:
        return self._dialogue.credentials

    @property
    def is_discarded(self) -> bool:
        """已结束, 而且服务器那里没有留下什么。"""
        outcome = self._dialogue.outcome
        return outcome is not None and outcome.kind not in (CUT, SILENT)

    async def run(self) -> Outcome:
        """错误都在 Outcome 里; 被取消时抛 CancelledError。"""
        self._spawn(self._work)
        self._spawn(self._watch)
        try:
            return await self._ended
        finally:
            self._dialogue.close()
            await self._clean_up()

    def discard(self) -> bool:
        """让服务器删掉已收的, 再结束。False: 还没有连上, 服务器那里没有这次运行的东西。"""
        if self._state in (CONNECTING, ENDED):
            return False
        self._dialogue.become(DISCARDING)
        return True

    @property
    def _state(self) -> str:
        return self._dialogue.state

    # ---- 各个阶段 ----

    async def _work(self) -> None:
        await self._reader.open()
        await self._connect()
        if self._connection is not None:
            self._spawn(self._receive)
            await self._converse()

    async def _converse(self) -> None:
        self._dialogue.become(STARTING)
        while self._state == STARTING:
            await self._begin()
            await self._catch_up()
            await self._try_instant()
            await self._send_chunks()
            await self._finish()
        if self._state == DISCARDING:
            await self._discard()

    async def _connect(self) -> None:
        try:
            self._connection = await open_transfer(await self._door.url())
        except DoorClosedError:
            self._dialogue.end(Outcome(CUT))
        except (OSError, InvalidHandshake, InvalidURI, asyncio.TimeoutError, EOFError) as error:
            self._dialogue.end(unconnected(error))

    async def _begin(self) -> None:
        await self._send(self._dialogue.start_frame())
        await self._while(STARTING)

    async def _catch_up(self) -> None:
        """服务器收下的比算过的多 (应答丢了, 或是上一次运行留下的): 补读补算, 不重发。值得试秒传的一次算完。"""
        goal = self._dialogue.hash_goal
        position = self._upload.hasher.position
        self._reader.set_chunk_bytes(self._window.chunk_bytes)
        while self._state == CATCHING_UP and position < goal:
            position = await self._reader.hash_towards(goal)
            self._upload.checking(min(position, goal))
        if self._state == CATCHING_UP and not self._dialogue.hashed():
            self._reports.sending(self._upload)
            self._dialogue.become(SENDING)

    async def _try_instant(self) -> None:
        """问服务器有没有同样的内容; 有就答抽查, 答对即完成。没有, 或答错: 状态变成 sending。"""
        if self._state == ASKING:
            await self._send(self._dialogue.hash_frame())
            await self._while(ASKING)
        if self._state == PROVING:
            # 算过之后又改动的: 答出来的不属于同一个版本
            await self._reader.check_unchanged()
            hashes = [await self._reader.hash_range(part) for part in self._dialogue.ranges]
            if self._state == PROVING:
                self._reports.verifying(self._upload)
                await self._send(self._dialogue.proof_frame(hashes))
                await self._while(PROVING)

    async def _send_chunks(self) -> None:
        size = self._upload.stamp.size
        while self._state == SENDING and self._window.next < size:
            length = self._window.next_length(size)
            if length == 0:
                await self._gate_opened()
            else:
                await self._send_chunk(length)

    async def _send_chunk(self, length: int) -> None:
        offset = self._window.next
        data = await self._reader.read(offset, length)
        # 读的时候可能失步了
        if self._state == SENDING and offset == self._window.next:
            self._window.next = offset + len(data)
            await self._send(self._dialogue.chunk_frame(offset, data))

    async def _finish(self) -> None:
        if self._state != SENDING:
            return
        # 最后比对一次: 传输期间改动过的文件, 前后两半不属于同一个版本
        await self._reader.check_unchanged()
        if self._state != SENDING:
            return
        self._dialogue.become(ENDING)
        await self._send(self._dialogue.end_frame(self._upload.hasher.hexdigest()))
        self._reports.verifying(self._upload)
        await self._while(ENDING)

    async def _discard(self) -> None:
        # 只有开始 (或接管) 之后才能取消: 等这条连接上的 file_ready
        while not self._dialogue.is_answered:
            await self._gate_opened()
        await self._send(self._dialogue.cancel_frame())

    async def _receive(self) -> None:
        assert self._connection is not None
        async for frame in self._connection:
            self._heard_s = time.monotonic()
            # 服务器只发文本帧
            if isinstance(frame, str):
                self._dialogue.receive(codec.decode(frame))
        # 正常关闭 (1000) 时迭代自己结束
        self._dialogue.end(Outcome(CUT, close_code=self._connection.protocol.close_code or 1006))

    # ---- 等待 ----

    def _changed(self) -> None:
        self._heard_s = time.monotonic()
        self._gate.set()
        outcome = self._dialogue.outcome
        if outcome is not None and not self._ended.done():
            self._ended.set_result(outcome)

    async def _while(self, state: str) -> None:
        while self._state == state:
            await self._gate_opened()

    async def _gate_opened(self) -> None:
        self._gate.clear()
        await self._gate.wait()

    async def _watch(self) -> None:
        while self._state != ENDED:
            await asyncio.sleep(_TICK_S)
            if self._state in (SENDING, ENDING):
                self._upload.progress(self._window.acked)
            if self._is_silent():
                log.info("upload.silent state=%s", self._state)
                self._dialogue.end(Outcome(SILENT))

    def _is_silent(self) -> bool:
        """等着服务器而它久不作声: 网络断了而系统还不知道。connecting 由 websockets 自己限时。"""
        is_waiting = self._state in (STARTING, ASKING, PROVING, ENDING, DISCARDING) or (
            self._state == SENDING and self._window.next > self._window.acked
        )
        limit_s = _ENDING_SILENCE_S if self._state in (PROVING, ENDING) else _SILENCE_S
        return is_waiting and time.monotonic() - self._heard_s > limit_s

    # ---- 发送与收尾 ----

    async def _send(self, frame: str | bytes) -> None:
        if self._connection is not None:
            # 网络写不动时在这里等: 由此形成背压
            await self._connection.send(frame)

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._guard(work)))

    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            # 在这里才调用: 还没有开始就被取消的任务, 不会留下没有人等的协程
            await work()
        except Exception as error:
            self._dialogue.end(interrupted(error))

    async def _clean_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._connection is not None:
            # 不等关闭握手: 暂停与退出要立即停下, 完成的已经完成
            self._connection.transport.abort()
        self._reader.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
