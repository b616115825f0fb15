"""忙时服务器把几条消息合成一帧: 逐条照办, 一条不少, 次序不变, 各只一次; 真服务器。"""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from python_client.model.events import MessageArrived
from python_client.net.chat_connection import ChatConnection
from python_client.protocol.messages import Batch

from .member import Member
from .server import SluiceServer

LINES = 300
# 送出一次之后歇这么久 (毫秒): 一口气说的都攒着, 合成几帧
HOLD_MS = "300"


async def _talk(url: str) -> None:
    async with connect(url.replace("http", "ws", 1), compression=None) as socket:
        await socket.send(json.dumps({"type": "user_update", "action": "join", "name": "说话的"}))
        for number in range(LINES):
            await socket.send(json.dumps({"type": "text", "message": f"第 {number} 句"}))


def test_一口气三百条_合成帧到来_全部得到_次序不变_各只一次(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    unpack = ChatConnection._unpack

    def counted(connection: ChatConnection, batch: Batch) -> None:
        sizes.append(len(batch.messages))
        unpack(connection, batch)

    # 只是数一数: 没有合成帧的话, 什么也没有试到
    monkeypatch.setattr(ChatConnection, "_unpack", counted)

    async def scenario(server: SluiceServer) -> None:
        member = Member(server)
        await member.online()
        await _talk(server.url)
        await member.said(f"第 {LINES - 1} 句")
        assert sizes and min(sizes) >= 2
        assert member.texts() == [f"第 {number} 句" for number in range(LINES)]
        assert all(event.live for event in member.all_of(MessageArrived))
        await member.close()

    settings = {"MESSAGES_PER_SECOND": "0", "FANOUT_MIN_DELAY_MS": HOLD_MS, "FANOUT_MAX_DELAY_MS": HOLD_MS}
    with SluiceServer(**settings) as server:
        asyncio.run(scenario(server))
