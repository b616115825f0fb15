"""聊天记录的次序, 去重, 折叠与上限。"""

from __future__ import annotations

from ..model import timeline
from ..model.timeline import MessageItem, NoticeItem, PresenceItem, Timeline
from .sample import text


class Mirror:
    """只凭通知照着改的一份: 与真的一样, 界面才不会画错行。"""

    def __init__(self) -> None:
        self.rows: list[object] = []
        self.timeline = Timeline(self, lambda: self.now)
        self.now = 1000.0
        self.calls = 0

    def inserted(self, index: int, count: int) -> None:
        self.calls += 1
        self.rows[index:index] = self.timeline.items[index : index + count]

    def replaced(self, index: int) -> None:
        self.rows[index] = self.timeline.items[index]

    def removed(self, index: int, count: int) -> None:
        del self.rows[index : index + count]

    def seqs(self) -> list[int]:
        assert self.rows == list(self.timeline.items)
        return [item.message.seq for item in self.timeline.items if isinstance(item, MessageItem)]


def test_更早的一页插在前面_同一条只有一次() -> None:
    mirror = Mirror()
    for seq in (50, 51, 52):
        assert mirror.timeline.add(text(seq))
    assert not mirror.timeline.add(text(51))
    calls = mirror.calls
    assert mirror.timeline.add_page([text(seq) for seq in (47, 48, 49, 50)]) == 3
    assert mirror.seqs() == [47, 48, 49, 50, 51, 52]
    assert mirror.timeline.first_seq == 47
    # 一页只通知一次
    assert mirror.calls == calls + 1


def test_中间缺的几条各回各的位置() -> None:
    mirror = Mirror()
    mirror.timeline.add_page([text(1), text(4), text(8)])
    mirror.timeline.add_page([text(seq) for seq in (2, 3, 5, 9)])
    assert mirror.seqs() == [1, 2, 3, 4, 5, 8, 9]


def test_历史丢了之后旧的留在上面_新的从一数起() -> None:
    mirror = Mirror()
    mirror.timeline.add_page([text(7), text(8)])
    mirror.timeline.new_epoch()
    assert mirror.timeline.first_seq is None
    mirror.timeline.add(text(1))
    mirror.timeline.add(text(7))
    assert mirror.seqs() == [7, 8, 1, 7]
    assert mirror.timeline.first_seq == 1
    assert isinstance(mirror.timeline.items[2], NoticeItem)


def test_两分钟以内的进出并成一行_来了又走的只算走() -> None:
    mirror = Mirror()
    mirror.timeline.add_presence(["甲", "乙"], [])
    mirror.timeline.add_presence([], ["甲"])
    item = mirror.timeline.items[-1]
    assert isinstance(item, PresenceItem)
    assert (item.folded.joined, item.folded.left) == (("乙",), ("甲",))
    mirror.now += 121
    mirror.timeline.add_presence(["丙"], [])
    assert len(mirror.timeline.items) == 2
    assert mirror.seqs() == []


def test_停在底部时有上限_翻看时先不丢_再翻有更高的上限() -> None:
    mirror = Mirror()
    kept = timeline.KEEP_ITEMS
    mirror.timeline.add_page([text(seq) for seq in range(1, kept + timeline.TRIM_SLACK + 2)])
    assert len(mirror.seqs()) == kept
    # 丢掉的还能再要回来
    assert mirror.timeline.has_older
    mirror.timeline.pinned = False
    first = mirror.timeline.first_seq
    assert first is not None
    mirror.timeline.add_page([text(seq) for seq in range(1, first)])
    assert mirror.timeline.first_seq == 1
    mirror.timeline.add_page([text(seq) for seq in range(5000, 5000 + timeline.MAX_ITEMS + 500)])
    assert len(mirror.seqs()) <= timeline.MAX_ITEMS + timeline.TRIM_SLACK
    mirror.timeline.pinned = True
    mirror.timeline.trim()
    assert len(mirror.seqs()) == kept
