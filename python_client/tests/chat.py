"""最小的聊天连接, 供传输的测试: 加入, 断了自己重连, 把应答交给 Uploads; 事件记下来可以等。"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Awaitable, Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from ..model.connection import Identity
from ..model.events import Event, ThumbnailReady, TransferChanged, TransferRemoved
from ..model.transfers import Transfer
from ..net.history_requests import HistoryError, HistoryRequests
from ..net.pace import Pace
from ..protocol import client_frames, codec
from ..protocol.address import ServerAddress
from ..protocol.messages import Ack, Batch, FileMessage, History, ServerError, ServerMessage, Welcome
from ..transfer.uploads import Uploads

_NUMBERS = count(1)
# 等一件事的期限 (秒): 只为了失败时不一直等下去
PATIENCE_S = 30
# 服务器没起来时再试的间隔 (秒)
_RETRY_S = 0.05


class Chat:
    """用作 async 上下文: 进来时已在线。hide 是假装服务器没有的能力。"""

    def __init__(self, url: str, hide: frozenset[str] = frozenset()) -> None:
        self.address = ServerAddress(url)
        self.events: list[Event] = []
        self.transfers: dict[str, Transfer] = {}
        self.files: list[FileMessage] = []
        self.errors: list[ServerError] = []
        self.own_uploads: list[str] = []
        self.uploads: Uploads | None = None
        self.pace = Pace()
        # 下一个文件的广播或应答到来时切断连接, 内容不看: 应答丢了
        self.lose_reply = False
        # 不告诉 Uploads 见过哪些文件
        self.is_blind = False
        # 每个都是新的名字: 共用服务器时, 上一个测试的可能还没有下线
        self._name = f"张三{next(_NUMBERS)}"
        self._hide = hide
        self._identity: Identity | None = None
        self._session: str | None = None
        # 加入之前就有的文件
        self._old: set[str] | None = None
        self._connection: ClientConnection | None = None
        self._requests = HistoryRequests(self.send_frame)
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # ---- TransferPorts ----

    def identity(self) -> Identity | None:
        return self._identity

    def send_frame(self, frame: str) -> bool:
        if self._identity is None or self._connection is None:
            return False
        self.pace.spent()
        # 测试里的帧都小, 不必等它写完
        asyncio.get_running_loop().create_task(_send(self._connection, frame))
        return True

    async def transfer_ticket(self) -> str | None:
        try:
            return await self._requests.transfer_ticket()
        except HistoryError:
            return None

    def rejoin(self) -> None:
        self.drop()

    def own_upload(self, file_id: str) -> None:
        self.own_uploads.append(file_id)

    def emit(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, TransferChanged):
            self.transfers[event.transfer.id] = event.transfer
        elif isinstance(event, TransferRemoved):
            del self.transfers[event.id]
        self._changed.set()

    # ---- 给测试 ----

    async def until(self, condition: Callable[[], bool]) -> None:
        """事件到来时看一次, 直到成立。"""

        async def wait() -> None:
            while not condition():
                self._changed.clear()
                await self._changed.wait()

        try:
            await asyncio.wait_for(wait(), PATIENCE_S)
        except asyncio.TimeoutError:
            raise AssertionError(f"没有等到: {self.transfers} {self.events[-3:]}") from None

    async def until_state(self, transfer_id: str, *states: str) -> Transfer:
        """某一项到了其中一个状态; 失败而不在等的之中时立即出错。"""

        def reached() -> bool:
            transfer = self.transfers.get(transfer_id)
            assert transfer is None or transfer.state != "failed" or "failed" in states, transfer
            return transfer is not None and transfer.state in states

        await self.until(reached)
        return self.transfers[transfer_id]

    async def until_moving(self, transfer_id: str) -> Transfer:
        """已经传了一部分。闸门关着时 (gated_relay.py) 就停在那里, 不会已经传完。"""
        await self.until_state(transfer_id, "moving", "done")
        await self.until(lambda: self.transfers[transfer_id].moved > 0)
        assert self.transfers[transfer_id].state == "moving", "传完了: 闸门没有关"
        return self.transfers[transfer_id]

    def states(self, transfer_id: str) -> list[str]:
        """经过的状态, 相邻相同的合成一个。"""
        seen: list[str] = []
        for event in self.events:
            if not isinstance(event, TransferChanged) or event.transfer.id != transfer_id:
                continue
            if seen[-1:] != [event.transfer.state]:
                seen.append(event.transfer.state)
        return seen

    def thumbnails(self) -> list[ThumbnailReady]:
        return [event for event in self.events if isinstance(event, ThumbnailReady)]

    def drop(self) -> None:
        """切断聊天连接, 它会自己重连。"""
        assert self._connection is not None
        self._connection.transport.abort()

    # ---- 连接 ----

    async def __aenter__(self) -> Chat:
        self._task = asyncio.get_running_loop().create_task(self._run())
        await self.until(lambda: self._identity is not None)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            try:
                async with connect(f"{self.address.base.replace('http', 'ws', 1)}/ws") as connection:
                    self._connection = connection
                    await self._talk(connection)
            except (OSError, WebSocketException):
                # 服务器不在: 一会儿再试
                await asyncio.sleep(_RETRY_S)
            finally:
                if self._identity is not None:
                    self._identity = None
                    self._requests.reject_all()
                    if self.uploads is not None:
                        self.uploads.offline()

    async def _talk(self, connection: ClientConnection) -> None:
        await connection.send(client_frames.join(self._name, session=self._session))
        async for frame in connection:
            message = codec.decode(str(frame))
            for each in message.messages if isinstance(message, Batch) else (message,):
                if self.lose_reply and isinstance(each, (Ack, FileMessage)):
                    self.lose_reply = False
                    connection.transport.abort()
                    return
                self._handle(each)
            self._changed.set()

    def _handle(self, message: ServerMessage) -> None:
        if self._requests.settle(message):
            return
        if isinstance(message, Welcome):
            self._session = message.session
            features = message.features - self._hide
            self._identity = Identity(message.name, message.session, message.limits, features)
            self.pace.learn(message.limits)
            if self.uploads is not None:
                self.uploads.online()
        elif isinstance(message, FileMessage):
            self._saw(message)
        elif isinstance(message, History):
            files = [item for item in message.messages if isinstance(item, FileMessage)]
            if self._old is None:
                self._old = {file.id for file in files}
            for file in files:
                self._saw(file)
        elif isinstance(message, Ack) and self.uploads is not None:
            self.uploads.handle_ack(message)
        elif isinstance(message, ServerError) and not (self.uploads and self.uploads.handle_error(message)):
            self.errors.append(message)

    def _saw(self, file: FileMessage) -> None:
        if self._old is not None and file.id in self._old:
            return
        if all(known.id != file.id for known in self.files):
            self.files.append(file)
        if self.uploads is not None and not self.is_blind:
            self.uploads.saw_file(file)


async def _send(connection: ClientConnection, frame: str) -> None:
    try:
        await connection.send(frame)
    except WebSocketException:
        # 刚断: 读的一方会看到同一个断开
        return


async def eventually(condition: Callable[[], bool]) -> None:
    """服务器磁盘上的事没有通知, 只能一再去看。"""
    for _ in range(int(PATIENCE_S / _RETRY_S)):
        if condition():
            return
        await asyncio.sleep(_RETRY_S)
    raise AssertionError("没有等到")


def run(test: Callable[[], Awaitable[None]]) -> None:
    """跑一个 async 的测试; 后台任务里没有人看的错误也算失败。"""
    problems: list[str] = []

    async def main() -> None:
        def complain(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
            problems.append(str(context))

        asyncio.get_running_loop().set_exception_handler(complain)
        await test()
        # 迟到的回调也要算在这个测试里
        await asyncio.sleep(0)

    asyncio.run(main())
    assert not problems, problems
