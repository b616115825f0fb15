"""取消已经传了一部分的: 接管, 取消, 断开; 让服务器马上腾出空间。尽力而为, 失败了服务器 24 小时后自己清理。"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from websockets.exceptions import WebSocketException

from ..protocol import client_frames, codec
from ..protocol.messages import FileReady
from .transfer_connection import open_transfer
from .transfer_door import DoorClosedError, TransferDoor
from .upload import Credentials

log = logging.getLogger(__name__)

_MAX_PENDING = 32
_TIMEOUT_S = 10.0
# 断线, 被拒, 停住, 答非所问
_EXPECTED = (OSError, WebSocketException, asyncio.TimeoutError, codec.BadFrameError, DoorClosedError)


class Discards:
    """一次一个, 不与上传抢连接。"""

    def __init__(self, door: TransferDoor) -> None:
        self._door = door
        # 满了丢最旧的: 服务器会清理
        self._pending: deque[Credentials] = deque(maxlen=_MAX_PENDING)
        self._task: asyncio.Task[None] | None = None
        # 正在试的时候又重新连上了: 这一次不成还要再试, 否则没有人再叫醒它
        self._is_woken = False

    def add(self, credentials: Credentials) -> None:
        self._pending.append(credentials)
        self.next()

    def next(self) -> None:
        """也在重新连上时调用。"""
        self._is_woken = True
        if self._task is None and self._pending and self._door.is_open:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def stop(self, timeout_s: float) -> None:
        """给正在进行的一点时间, 然后取消。"""
        if self._task is None:
            return
        await asyncio.wait({self._task}, timeout=timeout_s)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _work(self) -> None:
        try:
            while self._door.is_open and self._pending:
                credentials = self._pending.popleft()
                self._is_woken = False
                if not await self._discard(credentials):
                    # 断线, 或服务器重启而会话已是旧的: 留到下次在线
                    self._pending.appendleft(credentials)
                    if not self._is_woken:
                        return
        finally:
            self._task = None

    async def _discard(self, credentials: Credentials) -> bool:
        try:
            await asyncio.wait_for(_discard(self._door, credentials), _TIMEOUT_S)
        except _EXPECTED as error:
            log.info("discard.failed upload=%s error=%r", credentials.upload_id, error)
            return False
        return True


async def _discard(door: TransferDoor, credentials: Credentials) -> None:
    async with open_transfer(await door.url()) as connection:
        await connection.send(
            client_frames.file_resume("discard", credentials.upload_id, credentials.resume_token)
        )
        # 只有接管之后才能取消
        if isinstance(codec.decode(str(await connection.recv())), FileReady):
            await connection.send(client_frames.file_cancel(credentials.upload_id))
            # file_cancelled 在删净之后才来
            await connection.recv()
