"""聊天连接与历史需要谁: 都由会话实现。"""

from __future__ import annotations

import asyncio
from typing import Awaitable, Protocol

from ..model.connection import ConnectionState
from ..model.events import Event
from ..protocol.messages import RoomMessage, ServerMessage


class ChatPorts(Protocol):
    """都在循环的线程里调用。"""

    def join_frame(self) -> str:
        """每次 (重新) 连上时问一次。"""

    def state_changed(self, state: ConnectionState) -> None:
        """welcome 到来时先是 online, 再 received。"""

    def received(self, message: ServerMessage) -> None:
        """每一条, 按到来的次序; batch 帧已拆开。"""

    async def room(self) -> None:
        """读下一帧之前等待: 界面跟不上时不再读, 由此形成背压。"""


class FeedPorts(Protocol):
    """都在循环的线程里调用。"""

    def send(self, frame: str) -> bool:
        """一帧交给聊天连接; 不在线返回 False。"""

    def emit(self, event: Event) -> None: ...

    def deliver(self, message: RoomMessage, live: bool) -> None:
        """放行的一条; live: 刚刚播出的。"""

    def spawn(self, work: Awaitable[None]) -> asyncio.Future[None]:
        """在后台运行, 会话结束时取消。"""

    def broken(self, error: BaseException) -> None:
        """不该有的错误: 记下并告诉用户, 不影响其余。"""

    def rejoin(self) -> None:
        """断开重来, join 时从 after 补起。"""
