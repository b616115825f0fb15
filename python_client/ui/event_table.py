"""事件 -> 状态与界面: 一张表, 一种事件一个处理者。"""

from __future__ import annotations

import logging
from typing import Any, Callable, Mapping, Protocol, Sequence, Type

from ..model import events
from ..model.connection import ONLINE
from ..model.events import Event
from ..model.timeline import ERROR, GAP
from ..model.transfers import Transfer
from ..protocol.errors import describe_close
from ..protocol.messages import FileMessage
from .chat_state import FILES, OUTGOING, PEOPLE, ChatState

log = logging.getLogger(__name__)

_Handlers = Mapping[Type[Any], Callable[[Any], None]]


class Screen(Protocol):
    """处理者要界面做的事; 全部立即返回, 对话框只能约到以后。"""

    def joined(self, name: str) -> None: ...

    def name_refused(self, refused: events.NameRefused) -> None: ...

    def say(self, text: str) -> None: ...

    def put_transfer(self, transfer: Transfer) -> None: ...

    def remove_transfer(self, transfer_id: str) -> None: ...

    def thumbnail(self, ready: events.ThumbnailReady) -> None: ...

    def load_files(self) -> None: ...

    def searched(self, page: events.Searched) -> None: ...

    def context_loaded(self, page: events.ContextLoaded) -> None: ...

    def history_lost(self) -> None:
        """旧的 seq 都作废了。"""

    def offline(self) -> None:
        """问过的不会有应答。"""


class EventTable:
    """handle 是唯一的入口; 没有登记的种类只记日志, 从不显示。"""

    def __init__(self, state: ChatState, screen: Screen) -> None:
        self._state = state
        self._screen = screen
        self.handlers: _Handlers = {
            events.ConnectionChanged: self._connection_changed,
            events.Joined: self._joined,
            events.NameRefused: self._screen.name_refused,
            events.MessageArrived: self._message_arrived,
            events.OlderLoaded: self._older_loaded,
            events.FilesLoaded: self._files_loaded,
            events.Searched: self._screen.searched,
            events.ContextLoaded: self._screen.context_loaded,
            events.OffersChanged: self._offers_changed,
            events.HistoryGap: self._history_gap,
            events.HasOlder: self._has_older,
            events.PresenceChanged: self._presence_changed,
            events.OutboxChanged: self._outbox_changed,
            events.TransferChanged: self._transfer_changed,
            events.TransferRemoved: self._transfer_removed,
            events.ThumbnailReady: self._screen.thumbnail,
            events.Failed: self._failed,
        }

    def handle(self, event: Event) -> None:
        handler = self.handlers.get(type(event))
        if handler is None:
            log.warning("event_table.unknown type=%s", type(event).__name__)
            return
        handler(event)

    def _connection_changed(self, event: events.ConnectionChanged) -> None:
        self._state.connection = event.state
        # 断线时问过的不会有应答
        self._state.loading_older = self._state.loading_files = False
        if event.state.phase != ONLINE:
            self._screen.offline()

    def _joined(self, event: events.Joined) -> None:
        state = self._state
        is_first = state.identity is None
        state.identity = event.identity
        state.own_name = event.identity.name
        state.people.reset(event.users, event.online)
        state.stale.add(PEOPLE)
        if event.history_lost:
            state.timeline.new_epoch()
            state.files.new_epoch()
            self._screen.history_lost()
        if event.last_close is not None:
            self._screen.say(f"刚才断开过: {describe_close(event.last_close.code)}")
        self._screen.joined(event.identity.name)
        # 历史丢了的: 文件也从最新的重新取
        if is_first or event.history_lost:
            self._screen.load_files()

    def _message_arrived(self, event: events.MessageArrived) -> None:
        if event.own_id and self._state.outgoing.confirmed(event.own_id):
            self._state.stale.add(OUTGOING)
        self._state.timeline.add(event.message)
        self._see_files([event.message])

    def _older_loaded(self, event: events.OlderLoaded) -> None:
        self._state.loading_older = False
        self._state.timeline.has_older = event.more
        self._state.timeline.add_page(event.messages)
        self._see_files(event.messages)

    def _files_loaded(self, event: events.FilesLoaded) -> None:
        self._state.loading_files = False
        self._state.files.more = event.more
        self._see_files(event.messages)
        if event.total is not None:
            self._state.files.counted(event.total)
        self._state.stale.add(FILES)

    def _offers_changed(self, event: events.OffersChanged) -> None:
        self._state.offers = event.offers
        self._state.stale.add(FILES)

    def _history_gap(self, _: events.HistoryGap) -> None:
        self._state.timeline.add_notice(GAP)

    def _has_older(self, event: events.HasOlder) -> None:
        self._state.timeline.has_older = event.more

    def _presence_changed(self, event: events.PresenceChanged) -> None:
        joined, left = self._state.people.apply(event.joined, event.left, event.online)
        self._state.timeline.add_presence(joined, left)
        self._state.stale.add(PEOPLE)

    def _outbox_changed(self, event: events.OutboxChanged) -> None:
        if self._state.outgoing.apply(event):
            self._state.stale.add(OUTGOING)

    def _transfer_changed(self, event: events.TransferChanged) -> None:
        self._screen.put_transfer(event.transfer)

    def _transfer_removed(self, event: events.TransferRemoved) -> None:
        self._screen.remove_transfer(event.id)

    def _failed(self, event: events.Failed) -> None:
        self._state.timeline.add_notice(ERROR, event.message)

    def _see_files(self, messages: Sequence[object]) -> None:
        if self._state.files.add([message for message in messages if isinstance(message, FileMessage)]):
            self._state.stale.add(FILES)
