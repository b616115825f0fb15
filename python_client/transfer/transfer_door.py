"""传输连接的网址: 服务器给票就用票, 从前的服务器只认会话令牌。"""

from __future__ import annotations

from ..protocol.address import ServerAddress
from .ports import TransferPorts


class DoorClosedError(Exception):
    """没有要到网址: 断线, 服务器忙或不应答; 过一会儿再来。"""


class TransferDoor:
    """每条传输连接要一个网址, 要了马上用: 票只有一分钟。"""

    def __init__(self, address: ServerAddress, ports: TransferPorts) -> None:
        self._address = address
        self._ports = ports

    @property
    def is_open(self) -> bool:
        """聊天连接在线。"""
        return self._ports.identity() is not None

    async def url(self) -> str:
        """错误: DoorClosedError。"""
        identity = self._ports.identity()
        if identity is None:
            raise DoorClosedError("还没有连上服务器")
        if "ticket" not in identity.features:
            return self._address.transfer_url(identity.session)
        ticket = await self._ports.transfer_ticket()
        if ticket is None:
            raise DoorClosedError("没有要到传输票")
        return self._address.ticket_url(ticket)
