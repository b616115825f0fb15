"""说谎或不应答的服务器: 不说已发送, 也不永远等下去。这样的服务器没有真的, 在这里按协议写一个小的。"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, AsyncIterator, Callable, Dict, List, Mapping

import pytest
from websockets.asyncio.server import ServerConnection, serve

from ..model.transfers import DONE, FAILED
from ..transfer import chunk_uploads, frame_uploads, upload_run
from ..transfer.uploads import Uploads
from .chat import Chat, run
from .files import make_file, sha256

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
    return {"type": "file_ready", "uploadId": UPLOAD_ID, "resumeToken": "r", **sizes, **changes}


LIES = [
    ({"sha256": "0" * 64}, "checksum_mismatch"),
    ({"size": 1}, "checksum_mismatch"),
    ({"url": "file:///etc/passwd"}, "bad_reply"),
]


@pytest.mark.parametrize(("lie", "code"), LIES)
def test_分片的结果与发送的不符就是失败(tmp_path: Path, lie: dict[str, Any], code: str) -> None:
    path = make_file(tmp_path, "数据.bin", LARGE)

    def answers(frame: Frame) -> list[dict[str, Any]]:
        if frame.get("type") == "file_start":
            return [ready()]
        if frame.get("type") == "file_end":
            done = published(sha256(path), LARGE, type="file_done", uploadId=UPLOAD_ID)
            return [{**done, **lie}]
        return []

    async def test() -> None:
        async with hostile(answers) as chat:
            assert chat.uploads is not None
            (upload_id,) = chat.uploads.add([path])
            failed = await chat.until_state(upload_id, FAILED)
            assert failed.error is not None
            assert failed.error.code == code
            assert DONE not in chat.states(upload_id)

    run(test)


@pytest.mark.parametrize(
    "nonsense",
    [{"uploadId": "不是 UUID"}, {"offset": LARGE + 1}, {"offset": -1}, {"chunkBytes": 0}, {"windowBytes": 0}],
    ids=lambda nonsense: next(iter(nonsense)),
)
def test_开始的应答不合协议就是失败(tmp_path: Path, nonsense: dict[str, Any]) -> None:
    path = make_file(tmp_path, "数据.bin", LARGE)

    async def test() -> None:
        async with hostile(lambda _: [ready(**nonsense)]) as chat:
            assert chat.uploads is not None
            failed = await chat.until_state(chat.uploads.add([path])[0], FAILED)
            assert failed.error is not None
            assert failed.error.code == "bad_reply"

    run(test)


@pytest.mark.parametrize("ack_first", [False, True])
@pytest.mark.parametrize(("lie", "code"), LIES)
def test_单帧的广播与发送的不符就是失败(
    tmp_path: Path, lie: dict[str, Any], code: str, ack_first: bool
) -> None:
    path = make_file(tmp_path, "小.bin", SMALL)

    def answers(frame: Frame) -> list[dict[str, Any]]:
        ack = {"type": "ack", "clientId": frame["clientId"], "id": "m1", "seq": 7, "time": 1}
        broadcast = {**published(sha256(path), SMALL), **lie}
        return [ack, broadcast] if ack_first else [broadcast, ack]

    async def test() -> None:
        async with hostile(answers) as chat:
            assert chat.uploads is not None
            (upload_id,) = chat.uploads.add([path])
            failed = await chat.until_state(upload_id, FAILED)
            assert failed.error is not None
            assert failed.error.code == code
            # 只有 ack 时先算送到; 见到广播才知道不对
            assert (DONE in chat.states(upload_id)) == ack_first

    run(test)


def test_单帧只有_ack_也算送到(tmp_path: Path) -> None:
    path = make_file(tmp_path, "小.bin", SMALL)

    def answers(frame: Frame) -> list[dict[str, Any]]:
        return [{"type": "ack", "clientId": frame["clientId"], "id": "m1", "seq": 7, "time": 1}]

    async def test() -> None:
        async with hostile(answers) as chat:
            assert chat.uploads is not None
            (upload_id,) = chat.uploads.add([path])
            done = await chat.until_state(upload_id, DONE)
            assert (done.sha256, done.url) == (sha256(path), "")

    run(test)


def test_单帧没有应答就重新加入再发_第二次应答即送到(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_file(tmp_path, "小.bin", SMALL)
    frames: list[Frame] = []

    def answers(frame: Frame) -> list[dict[str, Any]]:
        frames.append(frame)
        ack = {"type": "ack", "clientId": frame["clientId"], "id": "m1", "seq": 7, "time": 1}
        return [] if len(frames) == 1 else [ack]

    async def test() -> None:
        monkeypatch.setattr(frame_uploads, "_ACK_TIMEOUT_S", 0.2)
        async with hostile(answers) as chat:
            assert chat.uploads is not None
            (upload_id,) = chat.uploads.add([path])
            await chat.until_state(upload_id, DONE)
            # 服务器凭同一个 clientId 认得出是重发
            assert len({frame["clientId"] for frame in frames}) == 1
            assert "waiting" in chat.states(upload_id)

    run(test)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_一直不应答的几轮之后失败(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    paths = [make_file(tmp_path, f"{index}.bin", size) for index in range(2)]
    asked: list[str] = []

    def answers(frame: Frame) -> list[dict[str, Any]]:
        asked.append(frame["type"])
        return []

    async def test() -> None:
        monkeypatch.setattr(frame_uploads, "_ACK_TIMEOUT_S", 0.05)
        monkeypatch.setattr(upload_run, "_SILENCE_S", 0.05)
        monkeypatch.setattr(chunk_uploads, "backoff_s", lambda attempt: 0.0)
        async with hostile(answers) as chat:
            assert chat.uploads is not None
            for upload_id in chat.uploads.add(paths):
                failed = await chat.until_state(upload_id, FAILED)
                assert failed.error is not None
                assert "没有应答" in failed.error.message
            # 两个文件各三轮
            assert asked == ["file" if size == SMALL else "file_start"] * 6

    run(test)
