"""发文字: 逐条发出, ack 之前留着; 断线后凭同一个 clientId 重发, 服务器认得出。"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Callable

from ..model.events import SEND_FAILED, SENDING, SENT, WAITING_SERVER, OutboxChanged
from ..protocol import client_frames
from ..protocol.errors import OWN_ERRORS, describe_error
from ..protocol.messages import Ack, ServerError, TextMessage
from .backoff import backoff_s
from .pace import TALK, Pace
from .retry_after import told_s

log = logging.getLogger(__name__)

# 超过就不再接受新的: 断线时不能无限地攒
MAX_OUTGOING = 200
# 这么久没有应答, 这条连接就没有用了: 断开重来, 凭 clientId 重发 (秒)
ACK_S = 30.0
# 等得比它久的要说一声 (秒)
_NOTICEABLE_S = 2.0


@dataclass(frozen=True)
class Outgoing:
    """一条没有应答的文字; shown: 已在广播里看到, 仍要重发到 ack 为止。"""

    client_id: str
    message: str
    state: str = SENDING
    shown: bool = False


class TextSender:
    """send: 把一帧交给连接, 不在线返回 False; emit: 送出 OutboxChanged; rejoin: 断开重来, 之后是 online; pace: 照它的步子发。"""

    def __init__(
        self,
        send: Callable[[str], bool],
        emit: Callable[[OutboxChanged], None],
        rejoin: Callable[[], None],
        pace: Pace,
    ) -> None:
        # 测试用更短的
        self.ack_s = ACK_S
        self._send = send
        self._emit = emit
        self._rejoin = rejoin
        self._pace = pace
        self._name = ""
        # 插入次序就是发送次序
        self._items: dict[str, Outgoing] = {}
        # 一次一条, 应答了才发下一条: 几条同时在途时, 前面的因太频繁被拒而后面的被收下, 次序就乱了
        self._in_flight: str | None = None
        self._pause: asyncio.TimerHandle | None = None
        # 连续几次收不下: 越等越久
        self._refusals = 0
        # 有在途的一条时才走
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def is_empty(self) -> bool:
        """都有了结果。"""
        return len(self._items) == 0

    def add(self, client_id: str, message: str) -> None:
        if len(self._items) >= MAX_OUTGOING:
            self._emit(OutboxChanged(client_id, message, SEND_FAILED, OWN_ERRORS["outbox_full"]))
            return
        self._put(Outgoing(client_id, message))
        self._pump()

    def retry(self, client_id: str) -> None:
        item = self._items.get(client_id)
        if item is not None and item.state == SEND_FAILED:
            self._put(replace(item, state=SENDING))
            self._pump()

    def discard(self, client_id: str) -> None:
        self._settle(client_id)
        self._items.pop(client_id, None)
        self._pump()

    def online(self, name: str) -> None:
        """welcome 之后: 没有应答的全部重发。换了名字的不能用新名字悄悄发出, 由用户决定。"""
        if self._name not in ("", name):
            for item in list(self._items.values()):
                self._fail(item, "名字换了, 这一句没有发出")
        self._name = name
        self.offline()
        # 重新连上的也许是另一个, 或重启过的服务器: 马上再试
        self._resume()

    def offline(self) -> None:
        """在途的一条不知下落, 回来之后重发。"""
        self._land()

    def acknowledged(self, ack: Ack) -> bool:
        """是文字的应答就了结它, 返回 True。"""
        item = self._items.pop(ack.client_id, None)
        if item is None:
            return False
        self._settle(ack.client_id)
        self._refusals = 0
        self._emit(OutboxChanged(item.client_id, item.message, SENT))
        self._pump()
        return True

    def rejected(self, error: ServerError) -> bool:
        """是文字的错误就处理它, 返回 True。"""
        item = self._items.get(error.ref or "")
        if item is None:
            return False
        self._settle(item.client_id)
        if not error.retryable:
            self._fail(item, describe_error(error.code, error.message))
        elif error.code == "rate_limited":
            told = told_s(error.facts)
            # 自己的步子多半一眨眼就轮到, 不打扰; 同一地址的人太多时要等得久, 说清楚为什么
            if told >= _NOTICEABLE_S:
                self._put(replace(item, state=WAITING_SERVER), describe_error(error.code, error.message))
            self._wait(max(self._pace.refused(TALK), told))
        else:
            # 磁盘满, 只读, 忙: 留着这一句, 说清楚为什么, 越等越久 (至多半分钟, 或照服务器说的) 地再试
            self._put(replace(item, state=WAITING_SERVER), describe_error(error.code, error.message))
            self._wait(max(backoff_s(self._refusals), told_s(error.facts)))
            self._refusals += 1
        self._pump()
        return True

    def match(self, message: TextMessage) -> str:
        """广播不带 clientId: 自己的名字, 同样的文字, 最早的一条就是它。返回它的 clientId, 没有则为空。"""
        if message.name != self._name:
            return ""
        for item in self._items.values():
            if not item.shown and item.state != SEND_FAILED and item.message == message.message:
                self._items[item.client_id] = replace(item, shown=True)
                return item.client_id
        return ""

    def close(self) -> None:
        self._land()
        self._unpause()

    def _put(self, item: Outgoing, error: str = "") -> None:
        self._items[item.client_id] = item
        self._emit(OutboxChanged(item.client_id, item.message, item.state, error))

    def _fail(self, item: Outgoing, error: str) -> None:
        self._put(replace(item, state=SEND_FAILED), error)

    def _settle(self, client_id: str) -> None:
        if self._in_flight == client_id:
            self._land()

    def _fly(self, client_id: str) -> None:
        self._in_flight = client_id
        self._deadline = asyncio.get_running_loop().call_later(self.ack_s, self._stalled)

    def _land(self) -> None:
        self._in_flight = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _stalled(self) -> None:
        log.info("text.no_ack seconds=%g", self.ack_s)
        self._deadline = None
        self._rejoin()

    def _wait(self, delay_s: float) -> None:
        if self._pause is None:
            self._pause = asyncio.get_running_loop().call_later(delay_s, self._resume)

    def _resume(self) -> None:
        self._unpause()
        self._pump()

    def _unpause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _pump(self) -> None:
        if self._pause is not None or self._in_flight is not None:
            return
        item = next((item for item in self._items.values() if item.state != SEND_FAILED), None)
        if item is None:
            return
        wait_s = self._pace.wait_s(TALK)
        if wait_s > 0:
            self._wait(wait_s)
        elif self._send(client_frames.text(self._name, item.message, item.client_id)):
            self._fly(item.client_id)
