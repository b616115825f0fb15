"""续传: 服务器被 kill -9, 断线, 客户端重新启动, 暂停与取消; 服务器上只留下一份, 而且一字不差。"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from ..model.events import TransferChanged
from ..model.transfers import CHECKING, DONE, FAILED, MOVING, PAUSED, WAITING
from ..transfer.resume_store import ResumeStore
from ..transfer.uploads import Uploads
from .chat import Chat, eventually, run
from .files import MIB, empty, make_file, sha256, stored
from .gated_relay import GatedRelay
from .server import SluiceServer

SIZE = 6 * MIB
# 闸门关着时每条连接传得到的: 传四次也传不完
PASSES = MIB


@pytest.fixture(scope="module")
def shared() -> Iterator[SluiceServer]:
    # 分片小: 闸门放过的一小段里也有几片; 总要真的传
    with SluiceServer(
        FILES_CHUNK_BYTES="65536", FILES_WINDOW_BYTES="262144", FILES_INSTANT_SEND="false"
    ) as running:
        yield running


@pytest.fixture
def server(shared: SluiceServer) -> SluiceServer:
    empty(shared)
    return shared


@pytest.fixture
def gate(server: SluiceServer) -> Iterator[GatedRelay]:
    """到服务器的网络。"""
    with GatedRelay(server.port, PASSES) as relay:
        yield relay


def upload(chat: Chat, folder: Path | None = None) -> Uploads:
    chat.uploads = Uploads(chat.address, chat, None if folder is None else ResumeStore(folder))
    chat.uploads.online()
    return chat.uploads


def records(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "uploads").iterdir())


def resumed_at(chat: Chat, upload_id: str) -> int:
    """等待之后重新开始发送时, 服务器已有的字节数。"""
    states = [event.transfer for event in chat.events if isinstance(event, TransferChanged)]
    mine = [transfer for transfer in states if transfer.id == upload_id]
    waited = max(index for index, transfer in enumerate(mine) if transfer.state in (WAITING, PAUSED))
    return next(transfer.moved for transfer in mine[waited:] if transfer.state == MOVING)


@pytest.mark.parametrize(("hide", "times"), [((), 2), (("binary_chunk",), 1)])
def test_服务器被杀之后从它的偏移继续(
    gate: GatedRelay, server: SluiceServer, tmp_path: Path, hide: tuple[str, ...], times: int
) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url, hide=frozenset(hide)) as chat:
            uploads = upload(chat, tmp_path)
            (upload_id,) = uploads.add([path])
            for _ in range(times):
                await chat.until_moving(upload_id)
                server.kill()
                await chat.until_state(upload_id, WAITING)
                server.start()
            gate.open()
            done = await chat.until_state(upload_id, DONE)
            assert done.sha256 == sha256(path)
            assert resumed_at(chat, upload_id) > 0
            await chat.until(lambda: len(chat.files) == 1)
            await uploads.stop()

    run(test)
    assert records(tmp_path) == []
    assert stored(server) == [sha256(path)]


def test_聊天断线不影响正在传的(gate: GatedRelay, tmp_path: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            uploads = upload(chat)
            (upload_id,) = uploads.add([path])
            await chat.until_moving(upload_id)
            chat.drop()
            gate.open()
            await chat.until_state(upload_id, DONE)
            await chat.until(lambda: len(chat.files) == 1)
            assert WAITING not in chat.states(upload_id)
            await uploads.stop()

    run(test)


def test_客户端重新启动之后自己接着传(gate: GatedRelay, server: SluiceServer, tmp_path: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            first = upload(chat, tmp_path)
            (old_id,) = first.add([path])
            await chat.until_moving(old_id)
            await first.stop()
            assert len(records(tmp_path)) == 1
            chat.transfers.clear()
            gate.open()
            second = upload(chat, tmp_path)
            await chat.until(lambda: len(chat.transfers) == 1)
            (new_id,) = chat.transfers
            done = await chat.until_state(new_id, DONE)
            assert CHECKING in chat.states(new_id)
            assert done.sha256 == sha256(path)
            await chat.until(lambda: len(chat.files) == 1)
            await second.stop()
            assert records(tmp_path) == []

    run(test)
    assert stored(server) == [sha256(path)]
    assert server.partials() == []


def test_再加同一个文件就接着上次的传(gate: GatedRelay, server: SluiceServer, tmp_path: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            first = upload(chat, tmp_path)
            (old_id,) = first.add([path])
            await chat.until_moving(old_id)
            await first.stop()
            chat.transfers.clear()
            gate.open()
            second = upload(chat, tmp_path)
            (new_id,) = second.add([path])
            await chat.until_state(new_id, DONE)
            assert CHECKING in chat.states(new_id)
            # 恢复出来的那一项让位给用户加的
            assert list(chat.transfers) == [new_id]
            await second.stop()

    run(test)
    assert stored(server) == [sha256(path)]


def test_两个实例共用文件夹时只有一个在传(gate: GatedRelay, tmp_path: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)
    small = make_file(tmp_path, "小.txt", 10)

    async def test() -> None:
        async with Chat(gate.url) as chat, Chat(gate.url) as other:
            uploads = upload(chat, tmp_path)
            (upload_id,) = uploads.add([path])
            await chat.until_moving(upload_id)
            second = upload(other, tmp_path)
            (small_id,) = second.add([small])
            # 恢复在初审之前: 小文件都传完了, 要恢复的早该出现了
            await other.until_state(small_id, DONE)
            assert list(other.transfers) == [small_id]
            gate.open()
            await chat.until_state(upload_id, DONE)
            await second.stop()
            await uploads.stop()

    run(test)


def test_暂停之后继续(gate: GatedRelay, server: SluiceServer, tmp_path: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            uploads = upload(chat)
            (upload_id,) = uploads.add([path])
            for _ in range(3):
                await chat.until_moving(upload_id)
                assert uploads.pause(upload_id)
                assert chat.transfers[upload_id].state == PAUSED
                assert uploads.resume(upload_id)
            gate.open()
            done = await chat.until_state(upload_id, DONE)
            assert done.sha256 == sha256(path)
            assert resumed_at(chat, upload_id) > 0
            await uploads.stop()

    run(test)
    assert stored(server) == [sha256(path)]


def test_暂停着退出的恢复之后仍是暂停(gate: GatedRelay, server: SluiceServer, tmp_path: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            first = upload(chat, tmp_path)
            (old_id,) = first.add([path])
            await chat.until_moving(old_id)
            first.pause(old_id)
            await first.stop()
            chat.transfers.clear()
            second = upload(chat, tmp_path)
            await chat.until(lambda: [each.state for each in chat.transfers.values()] == [PAUSED])
            (new_id,) = chat.transfers
            gate.open()
            second.resume(new_id)
            await chat.until_state(new_id, DONE)
            await second.stop()

    run(test)
    assert stored(server) == [sha256(path)]


@pytest.mark.parametrize("when", ["moving", "paused", "stopped_server"])
def test_取消之后服务器与磁盘上都不留(
    gate: GatedRelay, server: SluiceServer, tmp_path: Path, when: str
) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            uploads = upload(chat, tmp_path)
            (upload_id,) = uploads.add([path])
            await chat.until_moving(upload_id)
            if when == "paused":
                uploads.pause(upload_id)
            elif when == "stopped_server":
                server.kill()
                await chat.until_state(upload_id, WAITING)
            assert server.partials() != []
            assert uploads.cancel(upload_id)
            assert chat.transfers == {}
            # 取消排在还没放过的分片后面
            gate.open()
            if when == "stopped_server":
                server.start()
            await eventually(lambda: server.partials() == [] and records(tmp_path) == [])
            assert not uploads.cancel(upload_id)
            await uploads.stop()
            assert chat.files == []

    run(test)


def test_刚开始就取消也不留(server: SluiceServer, tmp_path: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(server.url) as chat:
            uploads = upload(chat)
            (upload_id,) = uploads.add([path])
            await chat.until_state(upload_id, MOVING)
            uploads.cancel(upload_id)
            (again,) = uploads.add([path])
            await chat.until_state(again, DONE)
            await eventually(lambda: server.partials() == [])
            await uploads.stop()

    run(test)
    assert stored(server) == [sha256(path)]


@pytest.mark.parametrize("is_missing", [True, False])
def test_恢复时文件没了或变了就失败并清理(
    gate: GatedRelay, server: SluiceServer, tmp_path: Path, is_missing: bool
) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            first = upload(chat, tmp_path)
            (old_id,) = first.add([path])
            await chat.until_moving(old_id)
            await first.stop()
            gate.open()
            if is_missing:
                path.unlink()
            else:
                path.write_bytes(b"other" * MIB)
            chat.transfers.clear()
            second = upload(chat, tmp_path)
            await chat.until(lambda: [each.state for each in chat.transfers.values()] == [FAILED])
            (failed,) = chat.transfers.values()
            assert failed.error is not None
            assert failed.error.code == ("unreadable" if is_missing else "changed")
            await eventually(lambda: server.partials() == [] and records(tmp_path) == [])
            if not is_missing:
                second.resume(failed.id)
                await chat.until_state(failed.id, DONE)
            await second.stop()

    run(test)


def test_服务器丢了半成品就自动从头来(gate: GatedRelay, server: SluiceServer, tmp_path: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            uploads = upload(chat, tmp_path)
            (upload_id,) = uploads.add([path])
            await chat.until_moving(upload_id)
            server.kill()
            await chat.until_state(upload_id, WAITING)
            for partial in (server.storage / "partial").iterdir():
                partial.unlink()
            gate.open()
            server.start()
            done = await chat.until_state(upload_id, DONE)
            assert done.sha256 == sha256(path)
            await uploads.stop()

    run(test)
    assert stored(server) == [sha256(path)]


def test_没有文件在传时停下也放开一切(server: SluiceServer, tmp_path: Path) -> None:
    async def test() -> None:
        async with Chat(server.url) as chat:
            uploads = upload(chat, tmp_path)
            await uploads.stop()

    run(test)
