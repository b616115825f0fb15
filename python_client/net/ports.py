"""聊天连接需要谁: 由会话实现。"""

from __future__ import annotations

from typing import Protocol

from ..model.connection import ConnectionState
from ..protocol.messages import ServerMessage


class ChatPorts(Protocol):
    """都在循环的线程里调用。"""

    def join_frame(self) -> str:
        """每次 (重新) 连上时问一次。"""

    def state_changed(self, state: ConnectionState) -> None:
        """welcome 到来时先是 online, 再 received。"""

    def received(self, message: ServerMessage) -> None:
        """每一帧, 按到来的次序。"""

    async def room(self) -> None:
        """读下一帧之前等待: 界面跟不上时不再读, 由此形成背压。"""
