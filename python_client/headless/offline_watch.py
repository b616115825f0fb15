"""看着连接: 断了与恢复各说一次, 太久没有连接就不再等。"""

from __future__ import annotations

import time

from ..model.connection import JOINING, ONLINE, STOPPED, WAITING, ConnectionState
from ..protocol.address import ServerAddress
from ..protocol.errors import OWN_ERRORS, describe_outage
from ..protocol.messages import CloseReason
from .options import Patience
from .terminal import Terminal


class OfflineWatch:
    """first --joined--> online <--joined / changed--> offline"""

    def __init__(self, address: ServerAddress, patience: Patience, terminal: Terminal) -> None:
        self._address = address
        self._patience = patience
        self._terminal = terminal
        self._state = ConnectionState("")
        # 正在再试时状态里没有原因: 上一次的仍是要说的
        self._reason: CloseReason | None = None
        self._has_joined = False
        self._offline_since_s: float | None = time.monotonic()
        # 服务器在加入之前说的, 例如 "服务器繁忙"
        self._said = ""

    def joined(self, name: str, online: int) -> None:
        """加入或重新加入。"""
        again = "重新" if self._has_joined else ""
        self._terminal.line(f"已{again}连上 {self._address.base}, 名字是 {name}, {online} 人在线")
        self._has_joined = True
        self._reason = None
        self._offline_since_s = None
        self._said = ""

    def changed(self, state: ConnectionState) -> None:
        self._state = state
        self._reason = state.reason or self._reason
        if state.phase == ONLINE or self._offline_since_s is not None:
            return
        self._offline_since_s = time.monotonic()
        if state.phase == WAITING:
            self._terminal.line(f"{self._describe()}, 正在重连")

    def failed(self, message: str) -> None:
        """与某个文件无关的一句错误: 在线时直接说, 没有加入之前用作连不上的原因。"""
        if self._offline_since_s is None:
            self._terminal.line(message)
        else:
            self._said = message

    def seconds_left(self) -> float | None:
        """还可以等多久 (秒); None 则没有期限。"""
        limit_s = self._patience.offline if self._has_joined else self._patience.connect
        if self._offline_since_s is None or limit_s is None:
            return None
        # 期限为 0 也要试完第一次
        if limit_s == 0 and self._state.phase != WAITING:
            return None
        return self._offline_since_s + limit_s - time.monotonic()

    def verdict(self) -> str:
        """不必再等的原因, 一行; 还可以等则为空。"""
        left_s = self.seconds_left()
        is_refused = self._state.phase == STOPPED and self._state.reason is not None
        if not is_refused and (left_s is None or left_s > 0):
            return ""
        problem = (
            f"与 {self._address.base} 的连接没有恢复" if self._has_joined else f"连不上 {self._address.base}"
        )
        return f"{problem}: {self._describe()}"

    def _describe(self) -> str:
        if self._said:
            return self._said
        if self._state.phase == JOINING:
            return OWN_ERRORS["no_welcome"]
        return describe_outage(self._reason, self._has_joined)
