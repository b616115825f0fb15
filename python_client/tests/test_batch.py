"""忙时服务器把几条消息合成一帧: 逐条照办, 一条不少, 次序不变, 各只一次; 真服务器。"""

from __future__ import annotations

import asyncio
import json

from websockets.asyncio.client import connect

from python_client.model.events import MessageArrived
from python_client.net.chat_connection import ChatConnection
from python_client.protocol.messages import Batch

from .member import NUMBERS, Member
from .server import SluiceServer

LINES = 300
# 三百条合起来远超过一拍立即送出的 (256 KiB), 余下的攒成一帧
PADDING = "x" * 2000
MAX_BURSTS = 10


class Counted:
    """数合成帧; 其余照旧。"""

    def __init__(self, connection: ChatConnection) -> None:
        self.sizes: list[int] = []
        self._unpack = connection._unpack
        connection._unpack = self.unpack  # type: ignore[method-assign]

    def unpack(self, batch: Batch) -> None:
        self.sizes.append(len(batch.messages))
        self._unpack(batch)


async def _talk(url: str, first: int, count: int) -> None:
    async with connect(url.replace("http", "ws", 1), compression=None) as socket:
        name = f"说话的{next(NUMBERS)}"
        await socket.send(json.dumps({"type": "user_update", "action": "join", "name": name}))
        for number in range(first, first + count):
            await socket.send(json.dumps({"type": "text", "message": f"{number} {PADDING}"}))
        # 道别由对方应答: 之前的都已交给服务器
        await socket.close()


def test_一口气三百条_合成帧到来_全部得到_次序不变_各只一次() -> None:
    async def scenario(server: SluiceServer) -> None:
        member = Member(server)
        await member.online()
        counted = Counted(member.session._connection)
        said = 0
        # 服务器一次读进多少由系统定: 偶尔读得零碎就没有一拍装满, 再来一批
        while said < LINES * MAX_BURSTS and not counted.sizes:
            await _talk(server.url, said, LINES)
            said += LINES
            await member.said(f"{said - 1} {PADDING}")
        assert counted.sizes and min(counted.sizes) >= 2
        assert member.texts() == [f"{number} {PADDING}" for number in range(said)]
        assert all(event.live for event in member.all_of(MessageArrived))
        await member.close()

    with SluiceServer(MESSAGES_PER_SECOND="0") as server:
        asyncio.run(scenario(server))
