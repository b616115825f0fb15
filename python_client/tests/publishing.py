"""下载的测试要用: 让服务器上先有一个文件, 看一眼文件夹。"""

from __future__ import annotations

from pathlib import Path

from ..model.transfers import DONE
from ..protocol.messages import FileMessage
from ..transfer.uploads import Uploads
from .chat import Chat


async def publish(chat: Chat, path: Path) -> FileMessage:
    """让服务器上有一个文件。"""
    chat.uploads = Uploads(chat.address, chat, None)
    chat.uploads.online()
    (upload_id,) = chat.uploads.add([path])
    await chat.until_state(upload_id, DONE)
    await chat.until(lambda: len(chat.files) > 0)
    await chat.uploads.stop()
    return chat.files[-1]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
