"""上传: 真服务器, 真文件。"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..model.transfers import DONE
from ..transfer.uploads import Uploads
from .chat import Chat, run
from .server import SluiceServer

BIG_BYTES = 20 * 1024 * 1024


def make_file(folder: Path, name: str, size: int) -> Path:
    path = folder / name
    path.write_bytes(os.urandom(size))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_小文件一帧就到(server: SluiceServer, tmp_path: Path) -> None:
    path = make_file(tmp_path, "报告.txt", 1000)

    async def test() -> None:
        async with Chat(server.url) as chat:
            chat.uploads = Uploads(chat.address, chat, None)
            chat.uploads.online()
            (upload_id,) = chat.uploads.add([path])
            await chat.until_state(upload_id, DONE)
            await chat.until(lambda: chat.transfers[upload_id].url != "")
            assert chat.transfers[upload_id].sha256 == sha256(path)
            assert [file.original_name for file in chat.files] == ["报告.txt"]
            await chat.uploads.stop()

    run(test)
    assert [sha256(stored) for stored in server.published() if stored.suffix != ".json"] == [sha256(path)]


def test_大文件分片到达而且只播一次(server: SluiceServer, tmp_path: Path) -> None:
    path = make_file(tmp_path, "电影.mkv", BIG_BYTES)

    async def test() -> None:
        async with Chat(server.url) as chat:
            chat.uploads = Uploads(chat.address, chat, None)
            chat.uploads.online()
            (upload_id,) = chat.uploads.add([path])
            done = await chat.until_state(upload_id, DONE)
            assert done.sha256 == sha256(path)
            assert done.moved == done.size == BIG_BYTES
            await chat.until(lambda: len(chat.files) == 1)
            assert chat.states(upload_id) == ["queued", "moving", "verifying", "done"]
            await chat.uploads.stop()

    run(test)
