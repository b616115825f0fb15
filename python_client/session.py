"""聊天会话: 服务器的每一帧变成事件; 名字, 令牌与发件箱在这里, 历史交给 HistoryFeed 与 Archive。"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Awaitable, Callable, Mapping, Protocol

from .model.connection import STOPPED, WAITING, ConnectionState, Identity
from .model.events import (
    ConnectionChanged,
    Event,
    Failed,
    Joined,
    MessageArrived,
    NameRefused,
    PresenceChanged,
)
from .net.archive import Archive
from .net.chat_connection import ChatConnection
from .net.free_name import fetch_names, free_name
from .net.history_feed import HistoryFeed
from .net.history_requests import HistoryError, HistoryRequests
from .net.kept_session import KeptSession
from .net.offer_board import OfferBoard
from .net.pace import Pace
from .net.retry_after import told_s
from .net.text_sender import TextSender
from .protocol import client_frames
from .protocol.address import ServerAddress
from .protocol.errors import describe_error
from .protocol.messages import (
    Ack,
    FileMessage,
    FileOffer,
    FileWithdrawn,
    History,
    Presence,
    RoomMessage,
    SearchPage,
    ServerError,
    ServerMessage,
    TextMessage,
    Welcome,
)
from .transfer.workers import Workers

log = logging.getLogger(__name__)

# 回来时名字被占: 多半是自己断开的旧连接服务器还没有发现, 隔一会儿再试 (秒, 次数)
NAME_RETRY_S = 2.0
MAX_NAME_RETRIES = 3
# 没加入就被拒, 而换一个名字可能行的
NAME_ERRORS = frozenset({"name_taken", "name_invalid"})


class TransferHooks(Protocol):
    """会话把与传输有关的转给它。"""

    def online(self) -> None: ...

    def offline(self) -> None: ...

    def handle_ack(self, ack: Ack) -> bool: ...

    def handle_error(self, error: ServerError) -> bool: ...

    def saw_file(self, file: FileMessage) -> None: ...


class ChatSession:
    """实现 ChatPorts 与 FeedPorts; hooks 在 run 之前由 client.py 接上。"""

    def __init__(
        self,
        address: ServerAddress,
        name: str,
        emit: Callable[[Event], None],
        room: Callable[[], Awaitable[None]],
        kept: KeptSession | None = None,
    ) -> None:
        self.hooks: TransferHooks | None = None
        self._address = address
        self._name = name
        self._emit = emit
        self._room = room
        self._kept = kept or KeptSession(None, address.base)
        self._identity: Identity | None = None
        self.pace = Pace()
        self._connection = ChatConnection(address.chat_url, self, self.pace)
        self._requests = HistoryRequests(self._connection.send)
        self.history = HistoryFeed(self, self._requests)
        self.archive = Archive(self, self._requests)
        self.offers = OfferBoard(emit)
        self.texts = TextSender(self._connection.send, emit, self.rejoin, self.pace)
        self._name_retries = 0
        # 建议名字要问服务器: 守护线程, 退出时不等它
        self._workers = Workers("sluice-names", 1)
        # 补齐, 翻页与建议名字的协程
        self._tasks: set[asyncio.Future[None]] = set()
        # 一种类型一个处理者; 分片上传有自己的连接, 它的应答不会出现在聊天连接上
        self._handlers: Mapping[type, Callable[[Any], None]] = {
            Welcome: self._welcomed,
            Presence: self._presence,
            TextMessage: self.history.broadcast,
            FileMessage: self.history.broadcast,
            Ack: self._acknowledged,
            History: self.history.joined_page,
            FileOffer: self.offers.offered,
            FileWithdrawn: lambda withdrawn: self.offers.withdrawn(withdrawn.id),
            ServerError: self._failed,
        }

    @property
    def identity(self) -> Identity | None:
        """不在线时为 None。"""
        return self._identity if self._connection.is_online else None

    async def run(self) -> None:
        """直到取消。"""
        try:
            await self._connection.run()
        finally:
            self.texts.close()
            self.history.close()
            self._workers.stop()
            for task in list(self._tasks):
                task.cancel()

    def send(self, frame: str) -> bool:
        return self._connection.send(frame)

    async def transfer_ticket(self) -> str | None:
        """一条传输连接用的票; 没有要到为 None。"""
        try:
            return await self._requests.transfer_ticket()
        except HistoryError as error:
            log.info("session.no_ticket error=%s", error)
            return None

    def rename(self, name: str) -> None:
        """NameRefused 之后换一个名字再加入。"""
        self._name = name
        self._name_retries = 0
        self._connection.reconnect()

    def reconnect(self) -> None:
        self._connection.reconnect()

    # ---- FeedPorts ----

    def emit(self, event: Event) -> None:
        self._emit(event)

    def deliver(self, message: RoomMessage, live: bool) -> None:
        own_id = self.texts.match(message) if isinstance(message, TextMessage) else ""
        if isinstance(message, FileMessage):
            self.offers.settle(message.id)
            if self.hooks is not None:
                self.hooks.saw_file(message)
        self.emit(MessageArrived(message, live, own_id))

    def rejoin(self) -> None:
        self._connection.abort()

    # ---- ChatPorts ----

    def join_frame(self) -> str:
        # 换了名字仍带着令牌: 都已断开时, 同一个会话可以改名
        session = self._kept.load(self._name) if self._identity is None else self._identity.session
        return client_frames.join(self._name, session=session, after=self.history.after)

    def state_changed(self, state: ConnectionState) -> None:
        self.emit(ConnectionChanged(state))
        if state.phase not in (WAITING, STOPPED):
            return
        self._requests.reject_all()
        self.offers.clear()
        self.texts.offline()
        try:
            if self.hooks is not None:
                self.hooks.offline()
        except Exception as error:
            # 传输的错误不能挡住重连
            self.broken(error)

    def received(self, message: ServerMessage) -> None:
        try:
            self._handle(message)
        except Exception as error:
            # 一处的错误不能结束整个连接; 接着读下一帧
            self.broken(error)
            if isinstance(message, History):
                # 补齐停在半路, 后面播出的都会被挡住: 重连再补
                self._connection.abort()

    async def room(self) -> None:
        await self._room()

    # ---- 每种消息 ----

    def _handle(self, message: ServerMessage) -> None:
        if isinstance(message, (History, SearchPage)) and message.skipped:
            log.info("history.skipped count=%d", message.skipped)
        if self._requests.settle(message):
            return
        handler = self._handlers.get(type(message))
        if handler is None:
            log.info("session.unexpected type=%s", type(message).__name__)
            return
        handler(message)

    def _welcomed(self, welcome: Welcome) -> None:
        self._name = welcome.name
        self._name_retries = 0
        self._identity = Identity(welcome.name, welcome.session, welcome.limits, welcome.features)
        self._kept.save(welcome.name, welcome.session)
        self.pace.learn(welcome.limits)
        lost = self.history.welcomed(welcome)
        self.emit(Joined(self._identity, welcome.users, welcome.online, lost, welcome.last_close))
        if lost:
            self.history.restart()
        self.texts.online(welcome.name)
        if self.hooks is not None:
            self.hooks.online()

    def _presence(self, presence: Presence) -> None:
        self.emit(PresenceChanged(presence.joined, presence.left, presence.online))

    def _acknowledged(self, ack: Ack) -> None:
        # clientId 是随机的, 只会属于其中一个
        if not self.texts.acknowledged(ack) and self.hooks is not None:
            self.hooks.handle_ack(ack)

    def _failed(self, error: ServerError) -> None:
        if self.texts.rejected(error) or (self.hooks is not None and self.hooks.handle_error(error)):
            return
        if self._connection.is_online:
            self.emit(Failed(error.code, describe_error(error.code, error.message)))
            return
        self._refused(error)

    # ---- 没进去 ----

    def _refused(self, error: ServerError) -> None:
        if error.code not in NAME_ERRORS:
            # 服务器忙, 正在停: 退避再试
            log.info("session.refused code=%s", error.code)
            self.emit(Failed(error.code, describe_error(error.code, error.message)))
            self._connection.abort(told_s(error.facts))
            return
        self._connection.hold()
        returning = self._identity is not None
        if error.code == "name_taken" and returning and self._name_retries < MAX_NAME_RETRIES:
            self._name_retries += 1
            self.spawn(self._try_again())
            return
        self.spawn(self._ask_name(error))

    async def _try_again(self) -> None:
        await asyncio.sleep(NAME_RETRY_S)
        self._connection.reconnect()

    async def _ask_name(self, error: ServerError) -> None:
        name, suggestion = self._name, ""
        if error.code == "name_taken":
            taken = await self._workers.run(lambda: fetch_names(self._address))
            suggestion = free_name(name, [*taken, name])
        self.emit(NameRefused(error.code, describe_error(error.code, error.message), name, suggestion))

    # ---- 收尾与意外 ----

    def spawn(self, work: Awaitable[None]) -> asyncio.Future[None]:
        # 留着引用, 否则可能被回收
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, HistoryError):
            log.info("session.history_failed error=%s", error)
        elif error is not None:
            self.broken(error)

    def broken(self, error: BaseException) -> None:
        log.error("session.broken", exc_info=error)
        self.emit(Failed("internal", describe_error("internal", "客户端内部错误")))
