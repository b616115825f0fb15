"""正在上传的: 别人马上看得到, 跟着下; 自己的不列; 取消的收回; 真服务器, 真文件。"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Awaitable, Callable, Iterator

import pytest

from ..client import Client, ClientOptions
from ..model.events import Event, Joined, MessageArrived, OffersChanged, TransferChanged
from ..model.transfers import DONE, FAILED, MOVING, PAUSED, Transfer
from ..net.event_queue import EventQueue
from ..net.offer_board import MAX_OFFERS, OfferBoard
from ..protocol.address import parse_address
from ..protocol.messages import FileMessage, FileOffer
from .chat import PATIENCE_S
from .files import make_file, sha256
from .gated_relay import GatedRelay
from .server import SluiceServer

SIZE = 3 * 1024 * 1024
# 闸门关着时上传得了的
PASSES = 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[SluiceServer]:
    # 分片小: 闸门放过的一小段里也有几片
    with SluiceServer(FILES_CHUNK_BYTES="65536", FILES_WINDOW_BYTES="262144") as running:
        yield running


@pytest.fixture
def gate(server: SluiceServer) -> Iterator[GatedRelay]:
    """上传的那一个到服务器的网络。"""
    with GatedRelay(server.port, PASSES) as relay:
        yield relay


class Guest:
    """一个完整的客户端: 聊天与传输都是真的。"""

    def __init__(self, server: SluiceServer | GatedRelay, name: str) -> None:
        self.events: list[Event] = []
        self._changed = asyncio.Event()
        options = ClientOptions(parse_address(server.url), name, None)
        self.client = Client(options, self._emit, EventQueue().room)
        self._task = asyncio.ensure_future(self.client.run())

    def _emit(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async def wait() -> None:
            while not condition():
                self._changed.clear()
                await self._changed.wait()

        await asyncio.wait_for(wait(), PATIENCE_S)

    def offers(self) -> tuple[FileOffer, ...]:
        """此刻列出的。"""
        changes = [event.offers for event in self.events if isinstance(event, OffersChanged)]
        return changes[-1] if changes else ()

    def transfer(self, transfer_id: str) -> Transfer:
        found = [event.transfer for event in self.events if isinstance(event, TransferChanged)]
        return [transfer for transfer in found if transfer.id == transfer_id][-1]

    def files(self) -> list[FileMessage]:
        messages = [event.message for event in self.events if isinstance(event, MessageArrived)]
        return [message for message in messages if isinstance(message, FileMessage)]

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def has_joined(self) -> bool:
        return any(isinstance(event, Joined) for event in self.events)


def run(gate: GatedRelay, server: SluiceServer, test: Callable[[Guest, Guest], Awaitable[None]]) -> None:
    """上传的一个 (隔着闸门), 看着的一个。"""

    async def main() -> None:
        sender, watcher = Guest(gate, "甲"), Guest(server, "乙")
        try:
            for guest in (sender, watcher):
                await guest.until(guest.has_joined)
            await test(sender, watcher)
        finally:
            await asyncio.gather(sender.close(), watcher.close())

    asyncio.run(main())


def test_一开始就看得到_跟着下完_校验对了才有文件(
    gate: GatedRelay, server: SluiceServer, tmp_path: Path
) -> None:
    path = make_file(tmp_path, "电影.mkv", SIZE)
    target = tmp_path / "下载" / "电影.mkv"
    target.parent.mkdir()

    async def test(sender: Guest, watcher: Guest) -> None:
        (upload_id,) = sender.client.send_files([path])
        await watcher.until(watcher.offers)
        offer = watcher.offers()[0]
        assert (offer.name, offer.original_name, offer.size) == ("甲", "电影.mkv", SIZE)
        download_id = watcher.client.save_file(offer, target)
        await watcher.until(lambda: watcher.transfer(download_id).moved > 0)
        assert sender.transfer(upload_id).state == MOVING, "还没有传完就下到了"
        # 停一会儿再继续: 跟着的人等着, 不断开
        sender.client.pause(upload_id)
        assert sender.transfer(upload_id).state == PAUSED
        await watcher.until(lambda: watcher.offers()[0].state == "paused")
        sender.client.resume(upload_id)
        await watcher.until(lambda: watcher.offers()[0].state == "sending")
        gate.open()
        await watcher.until(lambda: watcher.transfer(download_id).state == DONE)
        assert watcher.transfer(download_id).sha256 == sha256(path) == sha256(target)
        await watcher.until(watcher.files)
        assert [file.id for file in watcher.files()] == [offer.id]
        await watcher.until(lambda: watcher.offers() == ())
        assert sender.offers() == (), "自己的不列, 或马上收回"

    run(gate, server, test)
    assert [each.name for each in target.parent.iterdir()] == ["电影.mkv"]


def test_取消了就收回_跟着下的得不到半个文件(gate: GatedRelay, server: SluiceServer, tmp_path: Path) -> None:
    path = make_file(tmp_path, "反悔.bin", SIZE)
    target = tmp_path / "反悔的.bin"

    async def test(sender: Guest, watcher: Guest) -> None:
        (upload_id,) = sender.client.send_files([path])
        await watcher.until(watcher.offers)
        download_id = watcher.client.save_file(watcher.offers()[0], target)
        await watcher.until(lambda: watcher.transfer(download_id).moved > 0)
        sender.client.cancel(upload_id)
        # 取消排在还没放过的分片后面
        gate.open()
        await watcher.until(lambda: watcher.offers() == ())
        await watcher.until(lambda: watcher.transfer(download_id).state == FAILED)
        error = watcher.transfer(download_id).error
        assert error is not None and error.code == "gone" and "取消了上传" in error.message

    run(gate, server, test)
    assert not target.exists()


def test_后来的盖住先前的_发布的与自己的不再列_有上限() -> None:
    tables: list[tuple[str, ...]] = []
    board = OfferBoard(lambda event: tables.append(tuple(offer.id for offer in event.offers)))

    def offer(file_id: str, received: int = 0) -> FileOffer:
        return FileOffer(file_id, "甲", "电影.mkv", 100, "http://a/1", received)

    board.offered(offer("a"))
    board.offered(offer("b"))
    board.offered(offer("b"))
    board.offered(offer("a", 50))
    board.settle("a")
    board.offered(offer("a", 60))
    board.settle("自己的")
    board.offered(offer("自己的"))
    board.withdrawn("b")
    board.withdrawn("b")
    board.offered(offer("b"))
    board.clear()
    assert tables == [("a",), ("a", "b"), ("a", "b"), ("b",), (), ("b",), ()]
    for index in range(MAX_OFFERS + 1):
        board.offered(offer(f"第 {index} 个"))
    assert len(tables[-1]) == MAX_OFFERS
