"""缩略图: 真服务器生成, 真 Pillow 解码。"""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from ..protocol.messages import FileMessage
from ..transfer import http_request
from ..transfer.thumbnails import Thumbnails, decode
from .chat import Chat, eventually, run
from .publishing import publish
from .server import SluiceServer


def test_图片的缩略图取来就能显示(server: SluiceServer, tmp_path: Path) -> None:
    path = tmp_path / "合影.png"
    Image.new("RGB", (1000, 500), (200, 30, 30)).save(path)
    plain = tmp_path / "说明.txt"
    plain.write_text("没有缩略图")

    async def test() -> None:
        async with Chat(server.url) as chat:
            picture = await publish(chat, path)
            text = await publish(chat, plain)
            thumbnails = Thumbnails(chat)
            thumbnails.want(picture)
            # 正在取的不再取
            thumbnails.want(picture)
            thumbnails.want(text)
            broken = replace(picture, id="broken", thumb_url=f"{server.url}/files/none/thumb")
            thumbnails.want(broken)
            await chat.until(lambda: len(chat.thumbnails()) == 3)
            images = {event.file_id: event.image for event in chat.thumbnails()}
            image = images[picture.id]
            assert image is not None
            assert (image.size, image.mode) == ((320, 160), "RGBA")
            assert images[text.id] is None
            assert images["broken"] is None
            await thumbnails.stop()

    run(test)


def test_排队有上限最旧的放弃() -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/thumb"
            chat = Chat("http://127.0.0.1:1")
            thumbnails = Thumbnails(chat)
            for index in range(203):
                file = FileMessage(str(index), 1, 0, "张三", "a", url, 1, "image/png", "", thumb_url=url)
                thumbnails.want(file)
            # 两个在取, 二百个在排队, 多出的是最旧的
            assert [(event.file_id, event.image) for event in chat.thumbnails()] == [("2", None)]
            await thumbnails.stop()
            await eventually(lambda: not any("thumbnail" in each.name for each in threading.enumerate()))

    run(test)


def test_声称很大的图不解码() -> None:
    body = BytesIO()
    Image.new("1", (5000, 5000)).save(body, "PNG")
    with pytest.raises(ValueError, match="过大"):
        decode(body.getvalue())


def test_一点一点来的到期就放弃_线程空出来(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        gone = asyncio.ensure_future(reader.read())
        while not gone.done():
            writer.write(b"0")
            # 每次读取都等得到字节: 只有总的期限拦得住
            await asyncio.wait({gone}, timeout=0.02)
        gone.exception()
        writer.close()

    async def test() -> None:
        monkeypatch.setattr(http_request, "SMALL_S", 0.2)
        dripping = await asyncio.start_server(drip, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{dripping.sockets[0].getsockname()[1]}/thumb"
        chat = Chat("http://127.0.0.1:1")
        thumbnails = Thumbnails(chat)
        for name in ("1", "2", "3"):
            file = FileMessage(name, 1, 0, "张三", "a", url, 1, "image/png", "", thumb_url=url)
            thumbnails.want(file)
        await chat.until(lambda: len(chat.thumbnails()) == 3)
        assert [event.image for event in chat.thumbnails()] == [None] * 3
        await thumbnails.stop()
        dripping.close()
        await dripping.wait_closed()

    run(test)
