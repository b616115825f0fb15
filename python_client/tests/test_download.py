"""下载: Range 续传, 校验, 暂停与取消; 真服务器, 真文件, 真断线。"""

from __future__ import annotations

import json
import resource
from dataclasses import replace
from pathlib import Path
from typing import Iterator

import pytest

from ..model.transfers import CHECKING, DONE, FAILED, PAUSED, QUEUED, WAITING
from ..protocol.messages import FileMessage
from ..transfer.downloads import Downloads
from .chat import Chat, eventually, run
from .files import MIB, make_file, sha256
from .gated_relay import GatedRelay
from .publishing import names, publish
from .server import SluiceServer

SIZE = 8 * MIB
# 闸门关着时下得到的
PASSES = 2 * MIB


@pytest.fixture
def gate(emptied_server: SluiceServer) -> Iterator[GatedRelay]:
    """到共用的服务器的网络。"""
    with GatedRelay(emptied_server.port, PASSES) as relay:
        yield relay


async def publish_openly(gate: GatedRelay, chat: Chat, path: Path) -> FileMessage:
    """上传不拦, 之后才关上闸门。"""
    gate.open()
    file = await publish(chat, path)
    gate.close()
    return file


@pytest.mark.parametrize("size", [0, 1000, 3 * MIB + 7])
def test_下载到目标并校验(emptied_server: SluiceServer, tmp_path: Path, saved: Path, size: int) -> None:
    path = make_file(tmp_path, "报告.pdf", size)

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            file = await publish(chat, path)
            downloads = Downloads(chat)
            target = saved / "报告.pdf"
            target.write_bytes(b"old")
            done = await chat.until_state(downloads.add(file, target), DONE)
            assert (done.moved, done.sha256) == (size, sha256(path))
            assert sha256(target) == sha256(path)
            assert names(saved) == ["报告.pdf"]
            await downloads.stop()

    run(test)


def test_服务器被杀之后用Range接着取(
    gate: GatedRelay, emptied_server: SluiceServer, tmp_path: Path, saved: Path
) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            file = await publish_openly(gate, chat, path)
            downloads = Downloads(chat)
            download_id = downloads.add(file, saved / "录像.mkv")
            await chat.until_moving(download_id)
            emptied_server.kill()
            waiting = await chat.until_state(download_id, WAITING)
            assert 0 < waiting.moved < SIZE
            assert (saved / "录像.mkv.part").stat().st_size == waiting.moved
            gate.open()
            emptied_server.start()
            await chat.until_state(download_id, DONE)
            # 重新核对已有的部分, 而不是从头取
            after = chat.states(download_id)[chat.states(download_id).index(WAITING) :]
            assert CHECKING in after
            assert sha256(saved / "录像.mkv") == sha256(path)
            assert names(saved) == ["录像.mkv"]
            await downloads.stop()

    run(test)


def test_聊天连接回来时等着的马上接着下(
    gate: GatedRelay, emptied_server: SluiceServer, tmp_path: Path, saved: Path
) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            file = await publish_openly(gate, chat, path)
            downloads = Downloads(chat)
            download_id = downloads.add(file, saved / "录像.mkv")
            await chat.until_moving(download_id)
            emptied_server.kill()
            await chat.until_state(download_id, WAITING)
            downloads.online()
            # 不等退避的时间到
            assert chat.transfers[download_id].state == CHECKING
            gate.open()
            emptied_server.start()
            await chat.until_state(download_id, DONE)
            await downloads.stop()

    run(test)


def test_暂停留着半成品继续之后完整(gate: GatedRelay, tmp_path: Path, saved: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            file = await publish_openly(gate, chat, path)
            downloads = Downloads(chat)
            download_id = downloads.add(file, saved / "录像.mkv")
            await chat.until_moving(download_id)
            downloads.pause(download_id)
            # 马上继续: 旧的线程还没有停稳
            downloads.resume(download_id)
            assert chat.transfers[download_id].state == QUEUED
            await chat.until_moving(download_id)
            downloads.pause(download_id)
            assert chat.transfers[download_id].state == PAUSED
            # 线程停稳之后放开锁
            await eventually(lambda: names(saved) == ["录像.mkv.part"])
            gate.open()
            downloads.resume(download_id)
            await chat.until_state(download_id, DONE)
            assert sha256(saved / "录像.mkv") == sha256(path)
            await downloads.stop()

    run(test)


@pytest.mark.parametrize("is_paused", [True, False])
def test_取消删掉半成品(gate: GatedRelay, tmp_path: Path, saved: Path, is_paused: bool) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(gate.url) as chat:
            file = await publish_openly(gate, chat, path)
            downloads = Downloads(chat)
            download_id = downloads.add(file, saved / "录像.mkv")
            await chat.until_moving(download_id)
            if is_paused:
                downloads.pause(download_id)
            assert downloads.cancel(download_id)
            assert download_id not in chat.transfers
            await eventually(lambda: names(saved) == [])
            assert not downloads.cancel(download_id)
            await downloads.stop()

    run(test)


def test_内容不符的不留下(emptied_server: SluiceServer, tmp_path: Path, saved: Path) -> None:
    path = make_file(tmp_path, "数据.bin", MIB)

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            file = await publish(chat, path)
            (stored,) = [each for each in emptied_server.published() if each.suffix != ".json"]
            stored.write_bytes(bytes(MIB))
            downloads = Downloads(chat)
            download_id = downloads.add(file, saved / "数据.bin")
            failed = await chat.until_state(download_id, FAILED)
            assert failed.error is not None
            assert failed.error.code == "checksum_mismatch"
            assert names(saved) == []
            # 服务器上的修好之后可以重试
            stored.write_bytes(path.read_bytes())
            downloads.resume(download_id)
            await chat.until_state(download_id, DONE)
            await downloads.stop()

    run(test)


def test_服务器知道坏了的马上说明_不一再重试(server: SluiceServer, tmp_path: Path, saved: Path) -> None:
    path = make_file(tmp_path, "数据.bin", MIB)

    async def test() -> None:
        async with Chat(server.url) as chat:
            file = await publish(chat, path)
        server.stop()
        (stored,) = server.published()
        status = stored.stat()
        # 照 Node 的算法: 先乘除再加, 否则浮点的末位偶尔不同, 记号就对不上
        seconds, nanoseconds = divmod(status.st_mtime_ns, 10**9)
        modified = seconds * 1000 + nanoseconds / 1e6
        facts = {"inode": status.st_ino, "size": status.st_size, "mtimeMs": modified}
        mark = {**facts, "name": stored.name, "foundAt": 1}
        (server.storage / "scrub.json").write_text(json.dumps({"damaged": [mark]}))
        server.start()
        async with Chat(server.url) as chat:
            downloads = Downloads(chat)
            failed = await chat.until_state(downloads.add(file, saved / "数据.bin"), FAILED)
            assert failed.error is not None
            assert failed.error.code == "file_damaged"
            assert "损坏" in failed.error.message
            assert "数据.bin" not in names(saved)
            await downloads.stop()

    run(test)


@pytest.mark.parametrize("size", [100, 2 * MIB, 5 * MIB])
def test_旁边的半成品是别的文件的就从头来(
    emptied_server: SluiceServer, tmp_path: Path, saved: Path, size: int
) -> None:
    path = make_file(tmp_path, "数据.bin", 2 * MIB)
    make_file(saved, "数据.bin.part", size)

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            file = await publish(chat, path)
            downloads = Downloads(chat)
            await chat.until_state(downloads.add(file, saved / "数据.bin"), DONE)
            assert sha256(saved / "数据.bin") == sha256(path)
            await downloads.stop()

    run(test)


def test_不能下载的说明原因(emptied_server: SluiceServer, tmp_path: Path, saved: Path) -> None:
    path = make_file(tmp_path, "数据.bin", MIB)

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            file = await publish(chat, path)
            downloads = Downloads(chat)
            gone = replace(file, url=file.url.replace(file.id, "00000000-0000-4000-8000-000000000000"))
            strange = replace(file, url="file:///etc/passwd")
            ids = [
                downloads.add(gone, saved / "1"),
                downloads.add(strange, saved / "2"),
                downloads.add(file, saved / "没有的文件夹" / "3"),
                downloads.add(file, saved),
            ]
            errors = [(await chat.until_state(each, FAILED)).error for each in ids]
            codes = [error.code for error in errors if error is not None]
            assert codes == ["gone", "bad_reply", "unwritable", "unwritable"]
            for each in ids:
                downloads.cancel(each)
            await eventually(lambda: names(saved) == [])
            await downloads.stop()

    run(test)


def test_写满之后腾出空间接着下载(emptied_server: SluiceServer, tmp_path: Path, saved: Path) -> None:
    path = make_file(tmp_path, "数据.bin", 4 * MIB)

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            file = await publish(chat, path)
            downloads = Downloads(chat)
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            # 文件大小的上限: 写到这里就像磁盘满了
            resource.setrlimit(resource.RLIMIT_FSIZE, (3 * MIB, hard))
            try:
                download_id = downloads.add(file, saved / "数据.bin")
                failed = await chat.until_state(download_id, FAILED)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            assert failed.error is not None
            assert failed.error.code == "unwritable"
            assert "磁盘已满" in failed.error.message
            assert failed.moved > 0
            downloads.resume(download_id)
            await chat.until_state(download_id, DONE)
            assert sha256(saved / "数据.bin") == sha256(path)
            await downloads.stop()

    run(test)
