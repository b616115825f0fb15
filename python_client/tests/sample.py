"""窗口测试用的消息与事件。"""

from __future__ import annotations

import time

from ..model.connection import ONLINE, ConnectionState, Identity
from ..model.events import ConnectionChanged, Event, Joined, MessageArrived
from ..model.transfers import MOVING, UP, Transfer
from ..protocol.messages import FileMessage, Limits, TextMessage

LIMITS = Limits(2_684_354_560, 16_777_216, 262_144, 4_194_304, 16_384, 32)


def now_ms() -> int:
    return int(time.time() * 1000)


def text(seq: int, message: str = "你好", name: str = "李四", time_ms: int | None = None) -> TextMessage:
    return TextMessage(f"t{seq}", seq, now_ms() if time_ms is None else time_ms, name, message)


def file(seq: int, original_name: str = "报告.pdf", name: str = "李四") -> FileMessage:
    url = f"http://127.0.0.1:3000/files/{seq}.pdf"
    mime = "application/pdf"
    return FileMessage(f"f{seq}", seq, now_ms(), name, original_name, url, 12_345, mime, "00")


def picture(seq: int, width: int = 400, height: int = 300) -> FileMessage:
    url = f"http://127.0.0.1:3000/files/{seq}.png"
    return FileMessage(
        f"f{seq}",
        seq,
        now_ms(),
        "李四",
        "云海.png",
        url,
        1000,
        "image/png",
        "00",
        f"{url}/thumb",
        width,
        height,
    )


def joined(*users: str, name: str = "张三", history_lost: bool = False) -> list[Event]:
    identity = Identity(name, "token", LIMITS, frozenset())
    everyone = (name, *users)
    return [
        ConnectionChanged(ConnectionState(ONLINE)),
        Joined(identity, everyone, len(everyone), history_lost),
    ]


def arrived(*messages: TextMessage | FileMessage, live: bool = True) -> list[Event]:
    return [MessageArrived(message, live) for message in messages]


def upload(number: int, state: str = MOVING, moved: int = 400) -> Transfer:
    return Transfer(str(number), UP, f"文件 {number}.bin", 1000, state, moved, 100.0, path=f"/tmp/{number}")
