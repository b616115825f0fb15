"""同一个名字换了人: 哪一条要标出是谁。"""

from __future__ import annotations

from python_client.model.hands import other_hands
from python_client.model.timeline import MessageItem
from python_client.protocol.messages import TextMessage


def said(seq: int, name: str, tag: str | None) -> MessageItem:
    time_ms = 1_763_800_000_000 + seq
    return MessageItem(seq, time_ms, TextMessage(f"m{seq}", seq, time_ms, name, "嗨", tag))


def test_同一个名字而_from_不同_从那一条起标出是谁_没有_from_的不算() -> None:
    items = [
        said(1, "张三", "aaaa1111"),
        said(2, "张三", None),
        said(3, "张三", "bbbb2222"),
        said(4, "李四", "cccc3333"),
        said(5, "张三", "bbbb2222"),
    ]
    assert [other_hands(items, place) for place in range(6)] == [
        ("", False),
        ("", False),
        ("bbbb2222", True),
        ("", False),
        ("bbbb2222", False),
        ("", False),
    ]
