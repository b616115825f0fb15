"""与服务器共用的协议向量: 这里核对客户端的一侧, src/test/protocol-vectors.fast.test.ts 核对另一侧。"""

from __future__ import annotations

import dataclasses
import inspect
import json
from datetime import datetime, timedelta, timezone
from typing import Any, Mapping

import pytest

from ..model.search_hits import find_hits
from ..protocol import (
    chunk_frame,
    client_frames,
    codec,
    errors,
    messages,
    search_query,
    text_fold,
    user_name,
)
from ..protocol.codec import BadFrameError
from ..protocol.fields import MAX_TIME_MS
from ..protocol.messages import FileMessage, TextMessage, Unknown
from .paths import ROOT

Fields = Mapping[str, Any]
FOLDER = ROOT / "src" / "test" / "vectors"


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


TABLES = load("tables")
CLIENT_FRAMES = load("client-frames")
SERVER_FRAMES = load("server-frames")
CHUNKS = load("chunks")
NAMES = load("user-names")
SEARCH = load("search")


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """数据类 -> 带类名的字典, 没有的 (None) 不写; 其余换成 JSON 里的样子。"""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        given = {name: item for name, item in fields.items() if item is not None}
        return {"class": type(value).__name__, **given}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def arguments_of(vector: Fields) -> dict[str, Any]:
    """参数里的 {"hex": ...} 是字节。"""
    given: Fields = vector["arguments"]
    return {
        name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
        for name, value in given.items()
    }


def test_错误码与关闭码的表与服务器相同() -> None:
    assert [{"code": code, "retryable": value} for code, value in errors.ERRORS.items()] == TABLES["errors"]
    closes = [
        {"code": code, "reason": reason, "retry": retry} for code, (reason, retry) in errors.CLOSES.items()
    ]
    assert closes == TABLES["closes"]


def test_常量与服务器相同() -> None:
    known = {**vars(chunk_frame), **vars(user_name), **vars(messages)}
    assert {name: known[name] for name in TABLES["constants"]} == TABLES["constants"]


@pytest.mark.parametrize("code", errors.CLOSES)
def test_每个关闭码都有给用户看的原因(code: int) -> None:
    assert errors.describe_close(code) != errors.describe_close(1006)


@pytest.mark.parametrize("vector", CLIENT_FRAMES, ids=lambda vector: vector["encoder"])
def test_编码的每一帧逐字节相同(vector: Fields) -> None:
    frame: str = getattr(client_frames, vector["encoder"])(**arguments_of(vector))
    assert frame.encode("utf-8") == vector["text"].encode("utf-8")


def test_每个编码函数都有向量() -> None:
    encoders = {
        name
        for name, function in inspect.getmembers(client_frames, inspect.isfunction)
        if function.__module__ == client_frames.__name__
        and not name.startswith("_")
        and inspect.signature(function).return_annotation == "str"
    }
    assert {vector["encoder"] for vector in CLIENT_FRAMES} == encoders


def test_拆成两个代理项的表情合成一个() -> None:
    # Tk 可能这样给出; JSON 写不出这种字符串, 所以不在向量里
    split = "\ud83d" + "\ude00"
    assert client_frames.text(split, split, "m-1") == client_frames.text("😀", "😀", "m-1")
    assert user_name.clean_user_name(split) == "😀"


@pytest.mark.parametrize(
    "vector", SERVER_FRAMES["frames"] + SERVER_FRAMES["tolerated"], ids=lambda vector: vector["title"]
)
def test_解码的每一帧得到同样的消息(vector: Fields) -> None:
    assert plain(codec.decode(compact(vector["frame"]))) == vector["decoded"]


def test_只有没听说过的类型得到_Unknown() -> None:
    known = [codec.decode(compact(vector["frame"])) for vector in SERVER_FRAMES["frames"]]
    assert not any(isinstance(message, Unknown) for message in known)


@pytest.mark.parametrize("text", SERVER_FRAMES["bad"])
def test_不合契约的帧一律是_BadFrameError(text: str) -> None:
    with pytest.raises(BadFrameError):
        codec.decode(text)


def test_套了十万层的帧也是_BadFrameError() -> None:
    with pytest.raises(BadFrameError):
        codec.decode("[" * 100_000)


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "x" * 131_073},
        # 字节数: 每个汉字三个
        {"message": "汉" * 50_000},
        {"name": "x" * 4097},
        {"type": "file", "originalName": "汉" * 1366},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_过长的文字与名字是_BadFrameError(fields: Fields) -> None:
    known: Fields = SERVER_FRAMES["frames"][7]["frame"]
    assert known["type"] == "file"
    frame = {**known, "type": "text", "message": "x" * 131_072, "originalName": "汉" * 1365}
    codec.decode(compact(frame))
    codec.decode(compact({**frame, "type": "file"}))
    with pytest.raises(BadFrameError, match="过长"):
        codec.decode(compact({**frame, **fields}))


def test_最晚的时刻在哪个时区都显示得出来() -> None:
    latest = MAX_TIME_MS / 1000
    for hours in (-12, 14):
        assert datetime.fromtimestamp(latest, timezone(timedelta(hours=hours))).year <= 3000


def test_recv_输出的聊天消息与广播的一字不差() -> None:
    room = [
        vector["frame"] for vector in SERVER_FRAMES["frames"] if vector["frame"]["type"] in ("text", "file")
    ]
    assert len(room) == 4
    for frame in room:
        message = codec.decode(compact(frame))
        assert isinstance(message, (TextMessage, FileMessage))
        assert compact(codec.encode_room_message(message)) == compact(frame)


def test_上限的应答体() -> None:
    vector = SERVER_FRAMES["limits"]
    limits, blocked = codec.decode_limits(compact(vector["body"]))
    assert {"limits": plain(limits), "blocked_extensions": plain(blocked)} == vector["decoded"]
    for broken in ("", "[]", '{"limits":{}}', compact({**vector["body"], "blockedExtensions": "exe"})):
        with pytest.raises(BadFrameError):
            codec.decode_limits(broken)


def test_二进制分片的帧头() -> None:
    for vector in CHUNKS["headers"]:
        header = chunk_frame.encode_chunk_header(vector["upload_id"], vector["offset"])
        assert header.hex() == vector["hex"]
    for vector in CHUNKS["invalid"]:
        with pytest.raises(ValueError):
            chunk_frame.encode_chunk_header(vector["upload_id"], vector["offset"])


@pytest.mark.parametrize("vector", NAMES, ids=lambda vector: vector["why"])
def test_用户名的清理与服务器相同(vector: Fields) -> None:
    times: int = vector.get("times", 1)
    raw: str = vector["raw"] * times
    if vector["name"] is None:
        with pytest.raises(user_name.InvalidNameError):
            user_name.clean_user_name(raw)
    else:
        assert user_name.clean_user_name(raw) == vector["name"] * times


def test_搜索词的折叠与写法同服务器() -> None:
    assert SEARCH["max_words"] == search_query.MAX_QUERY_WORDS
    for vector in SEARCH["fold"]:
        assert text_fold.fold(vector["text"]) == vector["folded"], vector["text"]
    for vector in SEARCH["queries"]:
        parsed = search_query.parse_query(vector["query"])
        wanted = {key: vector[key] for key in ("words", "from", "has", "doubtful")}
        days = {
            key: "{year:04}-{month:02}-{day:02}".format(**vector[key])
            for key in ("after", "before")
            if key in vector
        }
        found = {
            "words": list(parsed.words),
            "from": list(parsed.from_names),
            "has": list(parsed.has),
            "doubtful": list(parsed.doubtful),
        }
        assert found == wanted, vector["query"]
        given = {"after": parsed.after, "before": parsed.before}
        assert {key: day.isoformat() for key, day in given.items() if day is not None} == days


def test_标出的命中同网页() -> None:
    for vector in SEARCH["hits"]:
        text = vector["text"]
        hits = [text[start:stop] for start, stop in find_hits(text, vector["query"])]
        assert hits == vector["hits"], vector["query"]
