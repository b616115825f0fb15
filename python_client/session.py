"""聊天会话: 服务器的每一帧变成事件; 名字, 令牌, 补齐与发件箱都在这里。"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Awaitable, Callable, Mapping, Protocol

from .model.connection import STOPPED, WAITING, ConnectionState, Identity
from .model.events import (
    ConnectionChanged,
    Event,
    Failed,
    FilesLoaded,
    HasOlder,
    HistoryGap,
    Joined,
    MessageArrived,
    NameRefused,
    OlderLoaded,
    PresenceChanged,
)
from .net.catch_up import CATCH_UP_PAGE, PAGE, CatchUp
from .net.chat_connection import ChatConnection
from .net.free_name import fetch_names, free_name
from .net.history_requests import HistoryError, HistoryRequests
from .net.text_sender import TextSender
from .protocol import codec
from .protocol.address import ServerAddress
from .protocol.errors import describe_error
from .protocol.messages import (
    Ack,
    FileMessage,
    History,
    Presence,
    RoomMessage,
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
    """实现 ChatPorts; hooks 在 run 之前由 client.py 接上。"""

    def __init__(
        self,
        address: ServerAddress,
        name: str,
        emit: Callable[[Event], None],
        room: Callable[[], Awaitable[None]],
    ) -> None:
        self.hooks: TransferHooks | None = None
        self._address = address
        self._name = name
        self._emit = emit
        self._room = room
        self._identity: Identity | None = None
        self._catch_up = CatchUp()
        self._connection = ChatConnection(address.chat_url, self)
        self._history = HistoryRequests(self._connection.send)
        self.texts = TextSender(self._connection.send, emit)
        self._name_retries = 0
        # 建议名字要问服务器: 守护线程, 退出时不等它
        self._workers = Workers("sluice-names", 1)
        # 补齐, 翻页与建议名字的协程; 留着引用, 否则可能被回收
        self._tasks: set[asyncio.Future[None]] = set()
        # 一种类型一个处理者; 分片上传有自己的连接, 它的应答不会出现在聊天连接上
        self._handlers: Mapping[type, Callable[[Any], None]] = {
            Welcome: self._welcomed,
            Presence: self._presence,
            TextMessage: self._broadcast,
            FileMessage: self._broadcast,
            Ack: self._acknowledged,
            History: self._joined_page,
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
            self._workers.stop()
            for task in list(self._tasks):
                task.cancel()

    def send(self, frame: str) -> bool:
        return self._connection.send(frame)

    def rename(self, name: str) -> None:
        """NameRefused 之后换一个名字再加入。"""
        self._name = name
        self._name_retries = 0
        self._connection.reconnect()

    def reconnect(self) -> None:
        self._connection.reconnect()

    def load_older(self, before: int) -> None:
        self._spawn(self._load_older(before))

    def load_more_files(self, before: int | None) -> None:
        self._spawn(self._load_files(before))

    # ---- ChatPorts ----

    def join_frame(self) -> str:
        # 换了名字仍带着令牌: 都已断开时, 同一个会话可以改名
        session = None if self._identity is None else self._identity.session
        return codec.join(self._name, session=session, after=self._catch_up.after)

    def state_changed(self, state: ConnectionState) -> None:
        self._emit(ConnectionChanged(state))
        if state.phase not in (WAITING, STOPPED):
            return
        self._history.reject_all()
        try:
            if self.hooks is not None:
                self.hooks.offline()
        except Exception as error:
            # 传输的错误不能挡住重连
            self._broken(error)

    def received(self, message: ServerMessage) -> None:
        try:
            self._handle(message)
        except Exception as error:
            # 一处的错误不能结束整个连接; 接着读下一帧
            self._broken(error)
            if isinstance(message, History):
                # 补齐停在半路, 后面播出的都会被挡住: 重连再补
                self._connection.abort()

    async def room(self) -> None:
        await self._room()

    # ---- 每种消息 ----

    def _handle(self, message: ServerMessage) -> None:
        if self._history.settle(message):
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
        lost = self._catch_up.welcomed(welcome)
        self._emit(Joined(self._identity, welcome.users, welcome.online, lost, welcome.last_close))
        if lost:
            # 服务器按旧的 after 给的那一页没有意义, 从新的起点要
            self._emit(HasOlder((self._catch_up.after or 0) > 0))
            self._spawn_catch_up()
        self.texts.online(welcome.name)
        if self.hooks is not None:
            self.hooks.online()

    def _presence(self, presence: Presence) -> None:
        self._emit(PresenceChanged(presence.joined, presence.left, presence.online))

    def _broadcast(self, message: RoomMessage) -> None:
        if self._catch_up.broadcast(message):
            self._deliver(message, live=True)

    def _deliver(self, message: RoomMessage, live: bool) -> None:
        own_id = self.texts.match(message) if isinstance(message, TextMessage) else ""
        if isinstance(message, FileMessage) and self.hooks is not None:
            self.hooks.saw_file(message)
        self._emit(MessageArrived(message, live, own_id))

    def _acknowledged(self, ack: Ack) -> None:
        # clientId 是随机的, 只会属于其中一个
        if not self.texts.acknowledged(ack) and self.hooks is not None:
            self.hooks.handle_ack(ack)

    def _failed(self, error: ServerError) -> None:
        if self.texts.rejected(error) or (self.hooks is not None and self.hooks.handle_error(error)):
            return
        if self._connection.is_online:
            self._emit(Failed(error.code, describe_error(error.code, error.message)))
            return
        self._refused(error)

    # ---- 没进去 ----

    def _refused(self, error: ServerError) -> None:
        if error.code not in NAME_ERRORS:
            # 服务器忙, 正在停: 退避再试
            log.warning("session.refused code=%s", error.code)
            self._emit(Failed(error.code, describe_error(error.code, error.message)))
            self._connection.abort()
            return
        self._connection.hold()
        returning = self._identity is not None
        if error.code == "name_taken" and returning and self._name_retries < MAX_NAME_RETRIES:
            self._name_retries += 1
            self._spawn(self._try_again())
            return
        self._spawn(self._ask_name(error))

    async def _try_again(self) -> None:
        await asyncio.sleep(NAME_RETRY_S)
        self._connection.reconnect()

    async def _ask_name(self, error: ServerError) -> None:
        name, suggestion = self._name, ""
        if error.code == "name_taken":
            taken = await self._workers.run(lambda: fetch_names(self._address))
            suggestion = free_name(name, [*taken, name])
        self._emit(NameRefused(error.code, describe_error(error.code, error.message), name, suggestion))

    # ---- 历史 ----

    def _joined_page(self, page: History) -> None:
        if page.ref is not None:
            # 迟到的应答, 已经没有人等: 当成补齐的一页会跳过中间的
            log.info("session.late_page ref=%s", page.ref)
            return
        is_first = self._catch_up.after is None
        gap = self._catch_up.has_gap_before(page)
        messages, wants_more = self._catch_up.joined_page(page)
        if is_first:
            self._emit(HasOlder(page.more))
        self._deliver_page(messages, gap)
        if wants_more:
            self._spawn_catch_up()

    def _deliver_page(self, messages: list[RoomMessage], gap: bool) -> None:
        if gap:
            self._emit(HistoryGap())
        for message in messages:
            try:
                self._deliver(message, live=False)
            except Exception as error:
                # 整页都已算作收到: 一条的错误不能丢了后面的
                self._broken(error)

    async def _load_missed(self) -> None:
        wants_more = True
        while wants_more:
            page = await self._history.request(CATCH_UP_PAGE, after=self._catch_up.after)
            gap = self._catch_up.has_gap_before(page)
            messages, wants_more = self._catch_up.page(page)
            self._deliver_page(messages, gap)

    async def _load_older(self, before: int) -> None:
        try:
            page = await self._history.request(PAGE, before=before)
        except HistoryError as error:
            log.info("session.older_failed error=%s", error)
            self._emit(OlderLoaded((), True))
            return
        self._emit(OlderLoaded(page.messages, page.more))

    async def _load_files(self, before: int | None) -> None:
        try:
            page = await self._history.request(PAGE, before=before, kind="file")
        except HistoryError as error:
            log.info("session.files_failed error=%s", error)
            self._emit(FilesLoaded((), True))
            return
        self._emit(FilesLoaded(page.messages, page.more))

    def _spawn_catch_up(self) -> None:
        self._spawn(self._load_missed()).add_done_callback(self._caught_up)

    def _caught_up(self, task: asyncio.Future[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            # 没有补齐就不能接着往下放: 重连后从 after 再来
            self._connection.abort()

    def _spawn(self, work: Awaitable[None]) -> asyncio.Future[None]:
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
            self._broken(error)

    def _broken(self, error: BaseException) -> None:
        log.error("session.broken", exc_info=error)
        self._emit(Failed("internal", describe_error("internal", "客户端内部错误")))
