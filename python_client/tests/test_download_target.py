"""下载到同一个目标: 只有一项在写, 后来的说明原因。"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from ..model.transfers import DONE, FAILED
from ..transfer.downloads import Downloads
from ..transfer.part_file import lock_part, part_path
from .chat import Chat, eventually, run
from .files import MIB, make_file, sha256
from .publishing import names, publish
from .server import SluiceServer

SIZE = 8 * MIB


def test_同一个目标不能同时下载两次(emptied_server: SluiceServer, tmp_path: Path, saved: Path) -> None:
    path = make_file(tmp_path, "录像.mkv", SIZE)

    async def test() -> None:
        async with Chat(emptied_server.url) as chat:
            file = await publish(chat, path)
            downloads = Downloads(chat)
            first = downloads.add(file, saved / "录像.mkv")
            second = downloads.add(file, saved / "录像.mkv")
            error = chat.transfers[second].error
            assert error is not None
            assert "另一项下载" in error.message
            # 去掉失败的那一项不影响正在下载的
            downloads.cancel(second)
            await chat.until_state(first, DONE)
            assert sha256(saved / "录像.mkv") == sha256(path)
            downloads.clear_finished()
            assert first not in chat.transfers
            await downloads.stop()

    run(test)


def test_两个窗口存到同一处_后一个说明原因_不动前一个的半成品(
    emptied_server: SluiceServer, tmp_path: Path, saved: Path
) -> None:
    path = make_file(tmp_path, "录像.mkv", MIB)

    async def test() -> None:
        async with Chat(emptied_server.url) as chat, Chat(emptied_server.url) as other:
            file = await publish(chat, path)
            downloads, others = Downloads(chat), Downloads(other)
            target = saved / "录像.mkv"
            # 另一个窗口写到一半
            with lock_part(target) as is_ours:
                assert is_ours
                part_path(target).write_bytes(path.read_bytes()[:1000])
                download_id = others.add(file, target)
                error = (await other.until_state(download_id, FAILED)).error
                assert error is not None and "另一个窗口" in error.message
                others.cancel(download_id)
                await eventually(lambda: not any("download" in each.name for each in threading.enumerate()))
                assert names(saved) == ["录像.mkv.part", "录像.mkv.part.lock"]
            await chat.until_state(downloads.add(file, target), DONE)
            assert names(saved) == ["录像.mkv"]
            assert sha256(target) == sha256(path)
            await asyncio.gather(downloads.stop(), others.stop())

    run(test)
