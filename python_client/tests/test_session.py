"""会话: 加入, 进出, 文字, 重连后不重不漏; 真服务器, 真断线。"""

from __future__ import annotations

import asyncio
from typing import Iterator

import pytest

from python_client.model.connection import ONLINE, STOPPED, WAITING
from python_client.model.events import (
    SEND_FAILED,
    Failed,
    FilesLoaded,
    HasOlder,
    Joined,
    MessageArrived,
    NameRefused,
    OlderLoaded,
    OutboxChanged,
    PresenceChanged,
)
from python_client.net.text_sender import MAX_OUTGOING

from .member import NUMBERS, Member, phases
from .server import SluiceServer


@pytest.fixture(scope="module")
def shared() -> Iterator[SluiceServer]:
    with SluiceServer(MESSAGES_PER_SECOND="0") as running:
        yield running


def test_两个人互相看到加入_文字与离开(shared: SluiceServer) -> None:
    async def scenario() -> None:
        first = Member(shared)
        joined = await first.online()
        assert joined.identity.name == first.name and first.name in joined.users
        second = Member(shared)
        await second.online()
        await first.until(lambda: second.name in str(first.all_of(PresenceChanged)), "李四加入")
        second.session.texts.add("m-1", "你好, 世界 🌍")
        arrived = await first.said("你好, 世界 🌍")
        assert arrived.live and arrived.own_id == "" and arrived.message.name == second.name
        assert (await second.said("你好, 世界 🌍")).own_id == "m-1"
        await second.until(lambda: [e for e in second.all_of(OutboxChanged) if e.state == "sent"], "应答")
        await second.close()
        await first.until(
            lambda: [e for e in first.all_of(PresenceChanged) if second.name in e.left], "李四离开"
        )
        await first.close()

    asyncio.run(scenario())


def test_加入后得到历史_还能取更早的与文件() -> None:
    async def scenario(server: SluiceServer) -> None:
        first = Member(server)
        await first.online()
        for index in range(60):
            first.session.texts.add(f"m-{index}", f"第 {index} 句")
        await first.until(lambda: len(first.texts()) == 60 or None, "60 句")
        second = Member(server)
        await second.said("第 59 句")
        assert second.texts() == [f"第 {index} 句" for index in range(10, 60)]
        assert not any(event.live for event in second.all_of(MessageArrived))
        assert second.all_of(HasOlder) == [HasOlder(True)]
        second.session.archive.load_older(second.all_of(MessageArrived)[0].message.seq)
        (older,) = await second.until(lambda: second.all_of(OlderLoaded), "更早的")
        assert len(older.messages) == 10 and not older.more
        second.session.archive.load_more_files(None)
        (files,) = await second.until(lambda: second.all_of(FilesLoaded), "文件")
        assert files == FilesLoaded((), False, 0)
        await asyncio.gather(first.close(), second.close())

    # 自己的服务器: 更早的没有了
    with SluiceServer(MESSAGES_PER_SECOND="0") as server:
        asyncio.run(scenario(server))


def test_断线期间的话补齐_不重不漏_离线写的回来再发(shared: SluiceServer) -> None:
    async def scenario() -> None:
        first, second = Member(shared), Member(shared)
        await asyncio.gather(first.online(), second.online())
        first.session.texts.add("a", "断线之前")
        await second.said("断线之前")
        second.session._connection.abort()
        await second.until(lambda: phases(second).count(WAITING) or None, "断线")
        second.session.texts.add("offline", "离线写的")
        for index in range(300):
            first.session.texts.add(f"b{index}", f"断线之后 {index}")
            if index % 100 == 99:
                await first.said(f"断线之后 {index}")
        await second.said("断线之后 299")
        await first.said("离线写的")
        since = second.texts().index("断线之前")
        texts = [text for text in second.texts()[since:] if text != "离线写的"]
        assert texts == ["断线之前", *(f"断线之后 {index}" for index in range(300))]
        seqs = [event.message.seq for event in second.all_of(MessageArrived)]
        assert seqs == sorted(set(seqs)), "按 seq 上升, 没有重复"
        await asyncio.gather(first.close(), second.close())

    asyncio.run(scenario())


def test_一个处理者出错_后面的照常到来_连接不断(shared: SluiceServer) -> None:
    async def scenario() -> None:
        first, second = Member(shared), Member(shared)
        await asyncio.gather(first.online(), second.online())
        second.fails_on = "坏的"
        first.session.texts.add("a", "坏的")
        first.session.texts.add("b", "好的")
        await second.said("好的")
        assert [event.code for event in second.all_of(Failed)] == ["internal"]
        assert phases(second).count(ONLINE) == 1
        await asyncio.gather(first.close(), second.close())

    asyncio.run(scenario())


def test_补齐的一页里一条出错_其余的不丢(shared: SluiceServer) -> None:
    async def scenario() -> None:
        first = Member(shared)
        await first.online()
        for line in ("一", "坏的", "二"):
            first.session.texts.add(line, line)
        await first.said("二")
        second = Member(shared)
        second.fails_on = "坏的"
        await second.said("二")
        first.session.texts.add("三", "三")
        await second.said("三")
        assert second.texts()[-3:] == ["一", "二", "三"]
        await asyncio.gather(first.close(), second.close())

    asyncio.run(scenario())


def test_名字被占就问_换了名字进去(shared: SluiceServer) -> None:
    async def scenario() -> None:
        name = f"重名{next(NUMBERS)}号"
        first, second = Member(shared, name), Member(shared, name)
        await first.until(lambda: first.all_of(Joined) or second.all_of(Joined), "有一个进去")
        refused = second if first.all_of(Joined) else first
        (question,) = await refused.until(lambda: refused.all_of(NameRefused), "被拒")
        assert question.code == "name_taken" and question.suggestion == f"{name}2"
        assert phases(refused)[-1] == STOPPED
        refused.session.rename(question.suggestion)
        assert (await refused.online()).identity.name == f"{name}2"
        await asyncio.gather(first.close(), second.close())

    asyncio.run(scenario())


def test_地址不通时一直再试_服务器来了就进去() -> None:
    async def scenario(server: SluiceServer) -> None:
        member = Member(server)
        await member.until(lambda: phases(member).count(WAITING) or None, "连不上")
        server.start()
        await member.online()
        assert phases(member)[-1] == ONLINE
        await member.close()

    server = SluiceServer()
    try:
        asyncio.run(scenario(server))
    finally:
        server.__exit__(None, None, None)


def test_太长的文字被拒_说明怎么办_不妨碍后面的(shared: SluiceServer) -> None:
    async def scenario() -> None:
        member = Member(shared)
        await member.online()
        member.session.texts.add("long", "长" * 6000)
        member.session.texts.add("short", "短的")
        await member.said("短的")
        (failed,) = [event for event in member.all_of(OutboxChanged) if event.state == SEND_FAILED]
        assert failed.client_id == "long" and "请分成几条" in failed.error
        member.session.texts.discard("long")
        assert member.session.texts.is_empty or await member.until(
            lambda: member.session.texts.is_empty, "清空"
        )
        await member.close()

    asyncio.run(scenario())


def test_太频繁时等一会儿再发_次序不变() -> None:
    async def scenario(server: SluiceServer) -> None:
        member = Member(server)
        await member.online()
        lines = [f"第 {index} 句" for index in range(12)]
        for line in lines:
            member.session.texts.add(line, line)
        await member.said(lines[-1])
        assert member.texts() == lines
        # 翻页也会碰到: 等一会儿再问, 连接不断
        for _ in range(3):
            member.session.archive.load_older(lines.index(lines[-1]))
        pages = await member.until(
            lambda: member.all_of(OlderLoaded)[2:] and member.all_of(OlderLoaded), "三页"
        )
        assert all(page.messages for page in pages)
        assert phases(member).count(ONLINE) == 1
        assert not [event for event in member.all_of(OutboxChanged) if event.state == SEND_FAILED]
        await member.close()

    # 突发至多两秒的量: 12 句一定会碰到限制
    with SluiceServer(MESSAGES_PER_SECOND="4") as server:
        asyncio.run(scenario(server))


def test_离线攒的文字有上限_多的当场说明(shared: SluiceServer) -> None:
    async def scenario() -> None:
        # 第一次等待之前还没有连上
        member = Member(shared)
        for index in range(MAX_OUTGOING + 1):
            member.session.texts.add(f"m{index}", f"第 {index} 句")
        (failed,) = [event for event in member.all_of(OutboxChanged) if event.state == SEND_FAILED]
        assert failed.client_id == f"m{MAX_OUTGOING}" and "没有发出的消息太多" in failed.error
        await member.close()

    asyncio.run(scenario())
