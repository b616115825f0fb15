"""说谎或不应答的服务器: 不说已发送, 也不永远等下去。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..model.transfers import DONE, FAILED
from ..transfer import chunk_uploads, frame_uploads, upload_run
from .chat import run
from .files import make_file, sha256
from .hostile import LARGE, SMALL, UPLOAD_ID, Frame, hostile, published, ready

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
        monkeypatch.setattr(frame_uploads, "_ACK_TIMEOUT_S", 0.3)
        monkeypatch.setattr(upload_run, "_SILENCE_S", 0.3)
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
