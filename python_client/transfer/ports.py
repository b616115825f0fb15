"""传输要外面提供的: 聊天连接的身份与发帧, 事件的出口。"""

from __future__ import annotations

from typing import Protocol

from ..model.connection import Identity
from ..model.events import Event
from ..net.pace import Pace


class TransferPorts(Protocol):
    """全部在网络线程的循环里调用, 不阻塞。"""

    def identity(self) -> Identity | None:
        """聊天连接不在线时为 None。"""

    def send_frame(self, frame: str) -> bool:
        """经聊天连接发一帧; 不在线返回 False, 帧没有送出。"""

    async def transfer_ticket(self) -> str | None:
        """要一张开传输连接的票; 断线, 服务器忙或不应答时为 None。"""

    @property
    def pace(self) -> Pace:
        """这个会话发消息的步子。"""

    def rejoin(self) -> None:
        """断开聊天连接重来: 它连着而没有应答。先是 offline, 再是 online。"""

    def own_upload(self, file_id: str) -> None:
        """这个文件是自己正在上传的: 不当作别人的列出来。"""

    def emit(self, event: Event) -> None:
        """TransferChanged, TransferRemoved 或 ThumbnailReady。"""
