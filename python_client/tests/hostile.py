"""由测试应答的服务器: 说谎的, 不应答的; 真的没有这样的, 在这里按协议写一个小的。"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import Any, AsyncIterator, Callable, Dict, List, Mapping

from websockets.asyncio.server import ServerConnection, serve

from ..transfer.uploads import Uploads
from .chat import Chat

Frame = Mapping[str, Any]
# 收到一帧 (二进制的是空的) -> 应答的帧
Answers = Callable[[Frame], List[Dict[str, Any]]]

LIMITS = {
    "fileBytes": 2**31,
    "frameBytes": 2**24,
    "chunkBytes": 262_144,
    "windowBytes": 4_194_304,
    "textBytes": 16_384,
    "nameLength": 32,
}
UPLOAD_ID = "3f0c8a52-8a7d-4e0b-b0a5-6a1d2c3e4f50"
SMALL = 1000
LARGE = 300 * 1024


def published(content_sha256: str, size: int, **changes: Any) -> dict[str, Any]:
    """文件的广播; file_done 换一个 type。"""
    fields = {"type": "file", "id": "m1", "seq": 7, "time": 1, "originalName": "a", "mimeType": "a/b"}
    return {
        **fields,
        "url": "http://a.example/files/1",
        "size": size,
        "sha256": content_sha256,
        **changes,
    }


@asynccontextmanager
async def hostile(answers: Answers) -> AsyncIterator[Chat]:
    """聊天连接照常加入, 其余的帧由 answers 应答; 应答里的 name 换成加入的名字。"""

    async def talk(socket: ServerConnection) -> None:
        name = ""
        async for raw in socket:
            frame = json.loads(raw) if isinstance(raw, str) else {}
            if frame.get("type") == "user_update":
                name = frame["name"]
                replies = [welcome(name), {"type": "history", "messages": [], "more": False}]
            else:
                replies = answers(frame)
            for reply in replies:
                await socket.send(json.dumps({"name": name, **reply}))

    async with serve(talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with Chat(f"http://127.0.0.1:{port}") as chat:
            chat.uploads = Uploads(chat.address, chat, None)
            chat.uploads.online()
            yield chat
            await chat.uploads.stop()


def welcome(name: str) -> dict[str, Any]:
    facts = {"session": "s", "users": [name], "online": 1, "epoch": "e", "seq": 0, "limits": LIMITS}
    return {"type": "welcome", "name": name, **facts, "features": ["binary_chunk"]}


def ready(**changes: Any) -> dict[str, Any]:
    sizes = {"offset": 0, "chunkBytes": 262_144, "windowBytes": 4_194_304}
    return {
        "type": "file_ready",
        "uploadId": UPLOAD_ID,
        "resumeToken": "r",
        "fileId": "m1",
        **sizes,
        **changes,
    }
