"""不应答, 停在半路, 应答不完整的服务器: 看得出停住了, 停得下来, 也不会永远试下去。"""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from ..model.transfers import FAILED, MOVING, QUEUED
from ..protocol.messages import FileMessage
from ..transfer import download_queue
from ..transfer.downloads import Downloads
from .chat import Chat, eventually, run
from .server import SluiceServer


def test_停住时速度落到零(tmp_path: Path) -> None:
    stopped: list[bool] = []

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not stopped:
            writer.write(bytes(1000))
            # 网速: 一点一点地来
            await asyncio.sleep(0.05)
        await reader.read()
        writer.close()

    async def test() -> None:
        chat = Chat("http://127.0.0.1:1")
        downloads = Downloads(chat)
        stalling = await asyncio.start_server(stall, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{stalling.sockets[0].getsockname()[1]}/files/1"
        file = FileMessage("1", 1, 0, "张三", "a", url, 1_000_000, "text/plain", "0" * 64)
        download_id = downloads.add(file, tmp_path / "a")
        await chat.until(lambda: chat.transfers[download_id].bytes_per_second > 0)
        stopped.append(True)
        await chat.until(lambda: chat.transfers[download_id].bytes_per_second == 0)
        assert chat.transfers[download_id].state == MOVING
        await downloads.stop()
        stalling.close()
        await stalling.wait_closed()

    run(test)


def test_停下时掐断不应答的服务器(tmp_path: Path) -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/files/1"
            file = FileMessage("1", 1, 0, "张三", "a", url, 10, "text/plain", "0" * 64)
            chat = Chat("http://127.0.0.1:1")
            downloads = Downloads(chat)
            ids = [downloads.add(file, tmp_path / f"{index}") for index in range(3)]
            # 连上了: 正在等应答
            accepted = [
                await asyncio.get_running_loop().run_in_executor(None, silent.accept) for _ in range(2)
            ]
            assert chat.transfers[ids[2]].state == QUEUED
            await downloads.stop()
            await eventually(lambda: not any("download" in each.name for each in threading.enumerate()))
            for connection, _ in accepted:
                connection.close()

    run(test)


def test_次次只给同样的一截就失败_等待越来越长(
    server: SluiceServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []

    def at_once(attempt: int) -> float:
        waits.append(attempt)
        return 0.0

    async def truncate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        # 不认 Range: 每次从头, 每次都是这一百字节
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(100))
        await writer.drain()
        writer.close()

    async def test() -> None:
        monkeypatch.setattr(download_queue, "backoff_s", at_once)
        truncating = await asyncio.start_server(truncate, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{truncating.sockets[0].getsockname()[1]}/files/1"
        async with Chat(server.url) as chat:
            downloads = Downloads(chat)
            file = FileMessage("1", 1, 0, "张三", "a", url, 1000, "text/plain", "0" * 64)
            failed = await chat.until_state(downloads.add(file, tmp_path / "a"), FAILED)
            assert failed.error is not None
            assert failed.error.code == "bad_reply"
            assert "不完整" in failed.error.message
            # 第一次的一百字节是进展, 之后的不是
            assert waits == list(range(len(waits)))
            assert not (tmp_path / "a").exists()
            await downloads.stop()
        truncating.close()
        await truncating.wait_closed()

    run(test)


@pytest.mark.parametrize(
    "url",
    [
        "http://a\0b/",
        f"http://{'a' * 70}.com/",
        "http://a..b/",
        "http://a b/",
        "http://:80/",
        "file:///a",
        "",
    ],
)
def test_链接不对的说明原因(tmp_path: Path, url: str) -> None:
    async def test() -> None:
        chat = Chat("http://127.0.0.1:1")
        downloads = Downloads(chat)
        file = FileMessage("1", 1, 0, "张三", "a", url, 10, "text/plain", "0" * 64)
        failed = await chat.until_state(downloads.add(file, tmp_path / "a"), FAILED)
        assert failed.error is not None
        assert failed.error.message == "文件的链接不对"
        await downloads.stop()

    run(test)
