"""到了服务器的上限: 照它说的等, 说清楚为什么, 之后自己继续; 从不追着问。"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import AsyncIterator, Callable

import pytest

from ..model.connection import WAITING
from ..model.events import SENT, WAITING_SERVER, ConnectionChanged, Event, Joined, OutboxChanged
from ..model.transfers import DONE
from ..net.event_queue import EventQueue
from ..net.retry_after import header_s, told_s
from ..protocol.address import parse_address
from ..protocol.errors import describe_outage
from ..session import ChatSession
from ..transfer.downloads import Downloads
from .chat import Chat, run
from .files import MIB, make_file
from .publishing import publish
from .server import SluiceServer

WAIT_S = 20.0
# 服务器说的, 秒
TOLD_S = 1


def test_等多久只听合理的() -> None:
    assert told_s({"retryAfterMs": 1500}) == 1.5
    assert [told_s({"retryAfterMs": odd}) for odd in (-1, "x", True)] == [0, 0, 0]
    assert told_s({}) == 0
    assert told_s({"retryAfterMs": 10**9}) == header_s("99999999") == 300
    assert header_s(" 7 ") == 7
    assert [header_s(odd) for odd in (None, "", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "７")] == [
        0
    ] * 6


@asynccontextmanager
async def session_at(url: str, seen: Callable[[Event], None]) -> AsyncIterator[ChatSession]:
    session = ChatSession(parse_address(url), "张三", seen, EventQueue().room)
    task = asyncio.ensure_future(session.run())
    try:
        yield session
    finally:
        # 3.8 的 wait_for 恰好完成时会吞掉取消: 那就再来一次
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.5)


@asynccontextmanager
async def door(answer: Callable[[int], str]) -> AsyncIterator[tuple[str, list[float]]]:
    """每条连接只应答一次; answer: 第几条 -> 应答的全文。给出地址, 与每条到来的时刻。"""
    times: list[float] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        times.append(time.monotonic())
        writer.write(answer(len(times)).encode("latin-1"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", times
    finally:
        server.close()


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_升级被拒_照_Retry_After_等_说清楚为什么(status: str) -> None:
    async def test() -> None:
        waits: list[ConnectionChanged] = []
        twice = asyncio.Event()

        def seen(event: Event) -> None:
            if isinstance(event, ConnectionChanged) and event.state.phase == WAITING:
                waits.append(event)
                if len(waits) == 2:
                    twice.set()

        refusal = (
            f"HTTP/1.1 {status}\r\nRetry-After: {TOLD_S}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        async with door(lambda _: refusal) as (url, times), session_at(url, seen):
            await asyncio.wait_for(twice.wait(), WAIT_S)
        # 没有它的话, 第一次半秒之内就再来
        assert times[1] - times[0] >= TOLD_S
        assert "暂时不接受连接" in describe_outage(waits[0].state.reason, True)

    run(test)


def test_聊天连接用小帧的一种_从前的服务器也连得上() -> None:
    async def test(server: SluiceServer) -> None:
        joined: asyncio.Future[Joined] = asyncio.get_running_loop().create_future()

        def seen(event: Event) -> None:
            if isinstance(event, Joined) and not joined.done():
                joined.set_result(event)

        async with session_at(server.url, seen):
            limits = (await asyncio.wait_for(joined, WAIT_S)).identity.limits
            assert limits.frame_bytes <= MIB

    with SluiceServer() as server:
        run(lambda: test(server))


def test_文字的字节超过地址的上限_留着_说明_照说的等_次序不变() -> None:
    async def test(server: SluiceServer) -> None:
        events: list[OutboxChanged] = []
        done = asyncio.Event()

        def seen(event: Event) -> None:
            if isinstance(event, OutboxChanged):
                events.append(event)
                if sum(each.state == SENT for each in events) == 2:
                    done.set()

        async with session_at(server.url, seen) as session:
            for client_id in ("先", "后"):
                session.texts.add(client_id, client_id * 600)
            await asyncio.wait_for(done.wait(), WAIT_S)
        assert [each.client_id for each in events if each.state == SENT] == ["先", "后"]
        held = [each for each in events if each.state == WAITING_SERVER]
        # 只被拒一次: 等够了才再来
        assert [each.client_id for each in held] == ["后"]
        assert held[0].error

    with SluiceServer(ADDRESS_TEXT_BYTES_PER_SECOND="500") as server:
        run(lambda: test(server))


def test_下载得到_503_照说的等_然后接着下(emptied_server: SluiceServer, tmp_path: Path) -> None:
    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            file = await publish(chat, make_file(tmp_path, "数据.bin", 1000))
            body = (tmp_path / "数据.bin").read_bytes()

            def answer(count: int) -> str:
                if count == 1:
                    return f"HTTP/1.1 503 Busy\r\nRetry-After: {TOLD_S}\r\nContent-Length: 0\r\n\r\n"
                return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n" + body.decode("latin-1")

            async with door(answer) as (url, times):
                downloads = Downloads(chat)
                download_id = downloads.add(replace(file, url=f"{url}/files/x.bin"), tmp_path / "存.bin")
                await chat.until_state(download_id, DONE)
                await downloads.stop()
            assert times[1] - times[0] >= TOLD_S

    run(test)
