"""秒传: 服务器有同样的内容就不再传; 没有, 答错, 反悔, 都照常传完。"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest

from ..headless.progress import Progress
from ..headless.terminal import Terminal
from ..model.transfers import DONE, FAILED, UP, Transfer
from ..transfer.downloads import Downloads
from ..transfer.uploads import Uploads
from ..ui.transfer_text import state_text
from .chat import Chat, eventually, run
from .files import make_file, sha256
from .hostile import LARGE, UPLOAD_ID, Frame, hostile, published, ready
from .server import SluiceServer

# 三段: 开头, 中间, 一直到结尾; 有重叠
RANGES = [(0, 1), (100_000, 150_000), (LARGE - 70_000, 70_000)]


def challenge(ranges: list[tuple[int, int]]) -> dict[str, Any]:
    asked = [{"offset": offset, "length": length} for offset, length in ranges]
    return {"type": "file_challenge", "uploadId": UPLOAD_ID, "ranges": asked}


def error(code: str) -> dict[str, Any]:
    return {"type": "error", "code": code, "message": "不行", "ref": UPLOAD_ID, "retryable": False}


class Server:
    """有同样大小的文件的服务器: 记下收到的, 以 on_hash 与 on_proof 应答。"""

    def __init__(self, path: Path, on_hash: dict[str, Any], on_proof: dict[str, Any] | None = None) -> None:
        self.frames: list[Frame] = []
        self.done = published(sha256(path), LARGE, type="file_done", uploadId=UPLOAD_ID)
        self._on_hash = on_hash
        self._on_proof = on_proof or self.done

    def answer(self, frame: Frame) -> list[dict[str, Any]]:
        self.frames.append(frame)
        kind = frame.get("type")
        if kind == "file_start":
            return [ready(sizeKnown=True)]
        replies = {
            "file_hash": self._on_hash,
            "file_proof": self._on_proof,
            "file_end": self.done,
            "file_cancel": {"type": "file_cancelled", "uploadId": UPLOAD_ID},
        }
        return [replies[str(kind)]] if kind in replies else []

    def sent(self) -> list[str]:
        return [str(frame.get("type", "chunk")) for frame in self.frames]


def test_答对抽查就完成_一个字节也不传(tmp_path: Path) -> None:
    path = make_file(tmp_path, "电影.mkv", LARGE)
    server = Server(path, challenge(RANGES))
    content = path.read_bytes()

    async def test() -> None:
        async with hostile(server.answer) as chat:
            assert chat.uploads is not None
            done = await chat.until_state(chat.uploads.add([path])[0], DONE)
            assert done.instant and done.sha256 == sha256(path)
            assert chat.own_uploads == ["m1"], "自己的上传不列在别人的里面"
            assert chat.states(done.id) == ["queued", "moving", "checking", "verifying", "done"]

    run(test)
    assert server.sent() == ["file_start", "file_hash", "file_proof"]
    assert server.frames[1]["sha256"] == sha256(path)
    pieces = [content[offset : offset + length] for offset, length in RANGES]
    assert server.frames[2]["hashes"] == [hashlib.sha256(piece).hexdigest() for piece in pieces]


@pytest.mark.parametrize(
    ("on_hash", "on_proof"),
    [(error("not_found"), None), (challenge(RANGES), error("checksum_mismatch"))],
    ids=["没有这份内容", "答错了"],
)
def test_不成就照常传_只问一次(
    tmp_path: Path, on_hash: dict[str, Any], on_proof: dict[str, Any] | None
) -> None:
    path = make_file(tmp_path, "电影.mkv", LARGE)
    server = Server(path, on_hash, on_proof)

    async def test() -> None:
        async with hostile(server.answer) as chat:
            assert chat.uploads is not None
            done = await chat.until_state(chat.uploads.add([path])[0], DONE)
            assert not done.instant

    run(test)
    asked = ["file_hash"] if on_proof is None else ["file_hash", "file_proof"]
    assert server.sent() == ["file_start", *asked, "chunk", "chunk", "file_end"]
    assert server.frames[-1]["sha256"] == sha256(path)


def test_服务器没有同样大小的_不先算也不问(tmp_path: Path) -> None:
    path = make_file(tmp_path, "电影.mkv", LARGE)
    server = Server(path, error("not_found"))

    def answer(frame: Frame) -> list[dict[str, Any]]:
        replies = server.answer(frame)
        return [ready()] if frame.get("type") == "file_start" else replies

    async def test() -> None:
        async with hostile(answer) as chat:
            assert chat.uploads is not None
            await chat.until_state(chat.uploads.add([path])[0], DONE)

    run(test)
    assert server.sent() == ["file_start", "chunk", "chunk", "file_end"]


def test_点名的一段在文件之外_失败而不是去读(tmp_path: Path) -> None:
    path = make_file(tmp_path, "电影.mkv", LARGE)
    server = Server(path, challenge([(0, 1), (0, 1), (LARGE - 1, 2)]))

    async def test() -> None:
        async with hostile(server.answer) as chat:
            assert chat.uploads is not None
            failed = await chat.until_state(chat.uploads.add([path])[0], FAILED)
            assert failed.error is not None and failed.error.code == "bad_reply"

    run(test)


def test_没有答抽查就说完成的不信(tmp_path: Path) -> None:
    path = make_file(tmp_path, "电影.mkv", LARGE)
    server = Server(path, published(sha256(path), LARGE, type="file_done", uploadId=UPLOAD_ID))

    async def test() -> None:
        async with hostile(server.answer) as chat:
            assert chat.uploads is not None
            failed = await chat.until_state(chat.uploads.add([path])[0], FAILED)
            assert failed.error is not None and failed.error.code == "bad_reply"

    run(test)


def test_问着的时候暂停与取消_都马上停下_服务器那里也删(tmp_path: Path) -> None:
    path = make_file(tmp_path, "电影.mkv", LARGE)
    server = Server(path, challenge(RANGES))
    silent = {"file_hash"}

    def answer(frame: Frame) -> list[dict[str, Any]]:
        replies = server.answer(frame)
        return [] if frame.get("type") in silent else replies

    async def test() -> None:
        async with hostile(answer) as chat:
            assert chat.uploads is not None
            (upload_id,) = chat.uploads.add([path])
            await eventually(lambda: "file_hash" in server.sent())
            chat.uploads.pause(upload_id)
            assert chat.transfers[upload_id].state == "paused"
            server.frames.clear()
            chat.uploads.resume(upload_id)
            await eventually(lambda: "file_hash" in server.sent())
            assert server.frames[0]["uploadId"] == UPLOAD_ID, "凭令牌续传"
            chat.uploads.cancel(upload_id)
            await eventually(lambda: "file_cancel" in server.sent())
            assert "chunk" not in server.sent()

    run(test)


def test_真服务器_发过的内容换个名字再发_不再传_各有各的消息(
    shared_server: SluiceServer, tmp_path: Path
) -> None:
    first = make_file(tmp_path, "原来的.mkv", 3 * LARGE)
    second, third = tmp_path / "另一个名字.mkv", tmp_path / "只差一个字节.mkv"
    content = first.read_bytes()
    second.write_bytes(content)
    third.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    async def test() -> None:
        async with Chat(shared_server.url) as chat:
            chat.uploads = Uploads(chat.address, chat, None)
            chat.uploads.online()
            instant = []
            for path in (first, second, third):
                done = await chat.until_state(chat.uploads.add([path])[0], DONE)
                assert done.sha256 == sha256(path)
                instant.append(done.instant)
            assert instant == [False, True, False]
            await chat.until(lambda: len(chat.files) == 3)
            assert [file.original_name for file in chat.files] == [
                path.name for path in (first, second, third)
            ]
            assert len({file.id for file in chat.files}) == 3
            assert chat.files[0].sha256 == chat.files[1].sha256
            # 链接各是各的, 内容是同一份
            saved = tmp_path / "取回.mkv"
            downloads = Downloads(chat)
            await chat.until_state(downloads.add(chat.files[1], saved), DONE)
            assert saved.read_bytes() == content
            await downloads.stop()
            await chat.uploads.stop()

    run(test)


def test_秒传的在列表与命令行里都说得出(capsys: pytest.CaptureFixture[str]) -> None:
    done = Transfer("1", UP, "电影.mkv", 1000, DONE, 1000, instant=True)
    assert state_text(done).startswith("秒传")
    Progress(Terminal(sys.stderr)).update(done)
    assert capsys.readouterr().err == "秒传 电影.mkv (1000 B)\n"
