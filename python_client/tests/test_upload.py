"""上传: 单帧与分片, 初审, 窗口, 改动; 真服务器, 真文件。"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from ..model.transfers import DONE, FAILED, MAX_TRANSFERS
from ..transfer.frame_uploads import FrameUploads
from ..transfer.uploads import Uploads
from .chat import Chat, run
from .files import MIB, make_file, sha256, stored
from .gated_relay import GatedRelay
from .server import SluiceServer


def upload(chat: Chat) -> Uploads:
    chat.uploads = Uploads(chat.address, chat, None)
    chat.uploads.online()
    return chat.uploads


@pytest.mark.parametrize("size", [0, 1, 256 * 1024])
def test_小文件一帧就到(emptied_server: SluiceServer, tmp_path: Path, size: int) -> None:
    path = make_file(tmp_path, "报告.txt", size)

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            uploads = upload(chat)
            (upload_id,) = uploads.add([path])
            done = await chat.until_state(upload_id, DONE)
            assert done.sha256 == sha256(path)
            await chat.until(lambda: chat.transfers[upload_id].url == chat.files[0].url)
            assert [file.original_name for file in chat.files] == ["报告.txt"]
            await uploads.stop()

    run(test)
    assert stored(emptied_server) == [sha256(path)]
    assert emptied_server.partials() == []


@pytest.mark.parametrize("is_blind", [False, True])
def test_单帧的应答丢了再发也只播一次(emptied_server: SluiceServer, tmp_path: Path, is_blind: bool) -> None:
    path = make_file(tmp_path, "小图.bin", 5000)

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            chat.lose_reply = True
            # 看不见广播时只能凭同一个 clientId 再问
            chat.is_blind = is_blind
            uploads = upload(chat)
            (upload_id,) = uploads.add([path])
            await chat.until_state(upload_id, DONE)
            assert "waiting" in chat.states(upload_id)
            assert len(chat.files) == 1
            await uploads.stop()

    run(test)
    assert stored(emptied_server) == [sha256(path)]


def test_很多小文件一个一个都到(emptied_server: SluiceServer, tmp_path: Path) -> None:
    paths = [make_file(tmp_path, f"{index}.txt", 100 + index) for index in range(6)]

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            uploads = upload(chat)
            for upload_id in uploads.add(paths):
                await chat.until_state(upload_id, DONE)
            assert [file.original_name for file in chat.files] == [path.name for path in paths]
            assert chat.errors == []
            await uploads.stop()

    run(test)


def _watch_waits() -> list[float]:
    """单帧上传此后每次等了多久才发下一个 (秒); 等应答的期限不算。"""
    waits: list[float] = []
    loop = asyncio.get_running_loop()
    real = loop.call_later

    def call_later(delay: float, callback: Any, *arguments: Any, **options: Any) -> asyncio.TimerHandle:
        owner = getattr(callback, "__self__", None)
        if isinstance(owner, FrameUploads) and callback.__name__ != "_silent":
            waits.append(delay)
        return real(delay, callback, *arguments, **options)

    loop.call_later = call_later  # type: ignore[method-assign, assignment]
    return waits


@pytest.mark.parametrize(("rate", "count"), [(0, 100), (200, 100), (20, 25), (5, 12)])
def test_小文件照服务器许的速率一个接一个_不空等也不被拒(tmp_path: Path, rate: int, count: int) -> None:
    paths = [make_file(tmp_path, f"{index}.txt", 100 + index) for index in range(count)]

    async def test(server: SluiceServer) -> None:
        async with Chat(server.url) as chat:
            waits = _watch_waits()
            uploads = upload(chat)
            ids = uploads.add(paths)
            for upload_id in ids:
                await chat.until_state(upload_id, DONE)
            assert [file.original_name for file in chat.files] == [path.name for path in paths]
            assert all("waiting" not in chat.states(upload_id) for upload_id in ids)
            # 每秒 5 条的: 突发用完之后要等
            assert rate == 5 or waits == []
            await uploads.stop()

    with SluiceServer(MESSAGES_PER_SECOND=str(rate), HISTORY_SYNC="false") as server:
        run(lambda: test(server))


def test_分片的开头与结尾也占速率_很多不大不小的文件一次也不被拒(tmp_path: Path) -> None:
    paths = [make_file(tmp_path, f"{index}.bin", 300_000 + index) for index in range(9)]

    async def test(server: SluiceServer) -> None:
        async with Chat(server.url) as chat:
            uploads = upload(chat)
            ids = uploads.add(paths)
            for upload_id in ids:
                await chat.until_state(upload_id, DONE)
            assert all("waiting" not in chat.states(upload_id) for upload_id in ids)
            await uploads.stop()

    with SluiceServer(MESSAGES_PER_SECOND="5", HISTORY_SYNC="false") as server:
        run(lambda: test(server))


@pytest.mark.parametrize("hide", [(), ("binary_chunk",)])
def test_大文件分片到达而且只播一次(
    emptied_server: SluiceServer, tmp_path: Path, hide: tuple[str, ...]
) -> None:
    # 不是块的整数倍; 各有各的大小, 否则第二次先问秒传
    size = 9 * MIB + 12345 + len(hide)
    path = make_file(tmp_path, "电影.mkv", size)

    async def test() -> None:
        async with Chat(emptied_server.url, hide=frozenset(hide)) as chat:
            uploads = upload(chat)
            (upload_id,) = uploads.add([path])
            done = await chat.until_state(upload_id, DONE)
            assert (done.moved, done.size, done.sha256) == (size, size, sha256(path))
            await chat.until(lambda: len(chat.files) == 1)
            assert done.url == chat.files[0].url
            assert chat.states(upload_id) == ["queued", "moving", "verifying", "done"]
            await uploads.stop()

    run(test)
    assert stored(emptied_server) == [sha256(path)]


def test_未确认的不超过服务器给的窗口(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = make_file(tmp_path, "数据.bin", 6 * MIB)
    caplog.set_level(logging.INFO)

    async def test(server: SluiceServer) -> None:
        async with Chat(server.url) as chat:
            uploads = upload(chat)
            (upload_id,) = uploads.add([path])
            await chat.until_state(upload_id, DONE)
            await uploads.stop()

    # 窗口不是分片的整数倍; 超出的话服务器会以 window_exceeded 拒绝
    with SluiceServer(FILES_CHUNK_BYTES="30000", FILES_WINDOW_BYTES="100000") as server:
        run(lambda: test(server))
        assert stored(server) == [sha256(path)]
    assert "upload.refused" not in caplog.text


def test_同时两个其余排队都能到(emptied_server: SluiceServer, tmp_path: Path) -> None:
    paths = [make_file(tmp_path, f"{index}.bin", 3 * MIB) for index in range(5)]

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            uploads = upload(chat)
            ids = uploads.add(paths)
            await asyncio.gather(*(chat.until_state(upload_id, DONE) for upload_id in ids))
            await uploads.stop()

    run(test)
    assert sorted(stored(emptied_server)) == sorted(map(sha256, paths))


def test_不合格的一个字节也不传(tmp_path: Path) -> None:
    big = make_file(tmp_path, "大.bin", 2 * MIB)
    program = make_file(tmp_path, "安装.EXE", 10)
    folder = tmp_path / "文件夹"
    folder.mkdir()
    pipe = tmp_path / "管道"
    os.mkfifo(pipe)
    missing = tmp_path / "没有.txt"

    async def test(server: SluiceServer) -> None:
        async with Chat(server.url) as chat:
            uploads = upload(chat)
            ids = uploads.add([big, program, folder, pipe, missing])
            errors = [(await chat.until_state(upload_id, FAILED)).error for upload_id in ids]
            codes = [error.code for error in errors if error is not None]
            assert codes == [
                "file_too_large",
                "file_type_forbidden",
                "unreadable",
                "unreadable",
                "unreadable",
            ]
            lines = [error.message for error in errors if error is not None]
            assert "1.5 MB" in lines[0]
            assert ".exe" in lines[1]
            assert "文件夹" in lines[2]
            await uploads.stop()

    with SluiceServer(FILE_BYTES=str(3 * MIB // 2)) as server:
        run(lambda: test(server))
        assert server.published() == [] == server.partials()


def test_服务器凭内容拒绝的留下可读的一行(emptied_server: SluiceServer, tmp_path: Path) -> None:
    small = tmp_path / "改名.txt"
    small.write_bytes(b"MZ" + bytes(5000))
    big = tmp_path / "改名.bin"
    # 可执行文件的头
    big.write_bytes(b"\x7fELF" + bytes(2 * MIB))

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            uploads = upload(chat)
            ids = uploads.add([small, big])
            for upload_id in ids:
                failed = await chat.until_state(upload_id, FAILED)
                assert failed.error is not None
                assert failed.error.code == "file_type_forbidden"
                assert "管理员" in failed.error.message
            await uploads.stop()

    run(test)
    assert emptied_server.published() == [] == emptied_server.partials()


def test_传到一半被改动的文件失败而且服务器不留(tmp_path: Path) -> None:
    path = make_file(tmp_path, "日志.bin", 6 * MIB)

    async def test(gate: GatedRelay) -> None:
        async with Chat(gate.url) as chat:
            uploads = upload(chat)
            (upload_id,) = uploads.add([path])
            await chat.until_moving(upload_id)
            with path.open("ab") as file:
                file.write(b"more")
            gate.open()
            failed = await chat.until_state(upload_id, FAILED)
            assert failed.error is not None
            assert failed.error.code == "changed"
            # 重试就是新的版本
            uploads.resume(upload_id)
            done = await chat.until_state(upload_id, DONE)
            assert done.sha256 == sha256(path)
            await uploads.stop()

    # 分片小: 闸门放过的一小段里也有几片
    with SluiceServer(FILES_CHUNK_BYTES="65536", FILES_WINDOW_BYTES="262144") as server:
        with GatedRelay(server.port, MIB) as gate:
            run(lambda: test(gate))
        assert stored(server) == [sha256(path)]
        assert server.partials() == []


def test_列表满了会说明(emptied_server: SluiceServer, tmp_path: Path) -> None:
    missing = [tmp_path / f"{index}.txt" for index in range(MAX_TRANSFERS + 10)]

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            uploads = upload(chat)
            ids = uploads.add(missing)
            assert len(ids) == len(chat.transfers) == MAX_TRANSFERS
            error = chat.transfers[ids[-1]].error
            assert error is not None
            assert "还有 11 个文件" in error.message
            (again,) = uploads.add([missing[0]])
            assert ids[-1] not in chat.transfers
            assert chat.transfers[again].state == FAILED
            assert uploads.cancel(again)
            assert not uploads.cancel(again)
            await uploads.stop()

    run(test)
