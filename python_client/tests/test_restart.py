"""服务器被杀再启动: 历史与会话都在, 不重不漏; 历史真的丢了也说得清楚。"""

from __future__ import annotations

import asyncio
from typing import Iterator

import pytest

from python_client.model.connection import STOPPED, WAITING
from python_client.model.events import HasOlder, Joined, MessageArrived
from python_client.net.text_sender import MAX_OUTGOING

from .member import Member, phases
from .server import SluiceServer

# 比一页多, 也比补齐的一页多
LONG_ABSENCE = 260


@pytest.fixture(scope="module")
def shared() -> Iterator[SluiceServer]:
    with SluiceServer(MESSAGES_PER_SECOND="0") as running:
        yield running


def test_服务器被杀再启动_历史都在_没有应答的凭同一个clientId再发_各只有一条(shared: SluiceServer) -> None:
    async def scenario() -> None:
        first, second = Member(shared), Member(shared)
        await asyncio.gather(first.online(), second.online())
        lines = [f"重启前后 {index}" for index in range(60)]
        for line in lines[:40]:
            first.session.texts.add(line, line)
        # 其余的在途: 有的已播出而没有应答, 有的还没有发
        await second.said(lines[20])
        shared.kill()
        await first.until(lambda: phases(first).count(WAITING) or None, "断线")
        for line in lines[40:]:
            first.session.texts.add(line, line)
        shared.start()
        assert not (await first.online(2)).history_lost
        await asyncio.gather(first.said(lines[-1]), second.said(lines[-1]))
        for member in (first, second):
            assert [text for text in member.texts() if text in lines] == lines
            seqs = [event.message.seq for event in member.all_of(MessageArrived)]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), "接着原来的 seq, 不重不漏"
        late = Member(shared)
        await late.said(lines[-1])
        assert [text for text in late.texts() if text in lines] == lines[-50:]
        await asyncio.gather(first.close(), second.close(), late.close())

    asyncio.run(scenario())


def test_停着的时候服务器重启又说了很多_回来的人一句不漏(shared: SluiceServer) -> None:
    async def scenario() -> None:
        first, second = Member(shared), Member(shared)
        await asyncio.gather(first.online(), second.online())
        # 加入之后的第一页另外到: 看到过消息的人, 回来才有从哪里补起
        first.session.texts.add("停下之前", "停下之前")
        await second.said("停下之前")
        second.session._connection.hold()
        await second.until(lambda: phases(second)[-1] == STOPPED, "停着")
        lines = await _long_talk(shared, first)
        second.session.reconnect()
        await second.said(lines[-1])
        assert not second.all_of(Joined)[-1].history_lost
        assert second.texts()[-len(lines) :] == lines
        await asyncio.gather(first.close(), second.close())

    asyncio.run(scenario())


def test_历史真的丢了_说一声_新的起点之后一句不漏() -> None:
    async def scenario(server: SluiceServer) -> None:
        first, second = Member(server), Member(server)
        await asyncio.gather(first.online(), second.online())
        first.session.texts.add("a", "丢失之前")
        await second.said("丢失之前")
        second.session._connection.hold()
        await second.until(lambda: phases(second)[-1] == STOPPED, "停着")
        lines = await _long_talk(server, first)
        second.session.reconnect()
        await second.said(lines[-1])
        assert second.all_of(Joined)[-1].history_lost
        assert second.texts() == ["丢失之前", *lines]
        assert second.all_of(HasOlder)[-1] == HasOlder(False)
        await asyncio.gather(first.close(), second.close())

    with SluiceServer(MESSAGES_PER_SECOND="0", HISTORY_STORE="memory") as server:
        asyncio.run(scenario(server))


async def _long_talk(server: SluiceServer, member: Member) -> list[str]:
    """重启服务器, 然后说得比补齐的一页多; 返回说了什么。"""
    await member.until(lambda: member.session.texts.is_empty or None, "都有了应答")
    server.kill()
    server.start()
    await member.online(2)
    lines = [f"第 {index} 句" for index in range(LONG_ABSENCE)]
    for part in (lines[:MAX_OUTGOING], lines[MAX_OUTGOING:]):
        for line in part:
            member.session.texts.add(line, line)
        await member.said(part[-1])
        await member.until(lambda: member.session.texts.is_empty or None, "都有了应答")
    return lines
