"""名单, 文件列表, 待确认的文字, 人读的写法, 网址: 界面之前的纯数据。"""

from __future__ import annotations

import time
from datetime import date

import pytest

from ..model import file_index, human_text, people
from ..model.events import SEND_FAILED, SENDING, SENT, OutboxChanged
from ..model.file_index import FileIndex
from ..model.file_kind import kind_of
from ..model.links import find_links
from ..model.outgoing import OutgoingTexts
from ..model.people import People
from ..model.presence_fold import MAX_KNOWN, PresenceFold
from .sample import file


def test_名单不全时_人数以服务器的为准_不认识的人也会离开() -> None:
    crowd = People()
    crowd.reset(["甲", "乙"], 900)
    assert crowd.apply([], ["没见过的"], None) == ([], ["没见过的"])
    assert crowd.online == 899
    crowd.apply(["丙"], [], 1200)
    assert (crowd.online, list(crowd.names)) == (1200, ["甲", "乙", "丙"])


def test_名单完整时_重复的加入与不在的离开都不算() -> None:
    crowd = People()
    crowd.reset(["甲"], 1)
    assert crowd.apply(["甲"], ["乙"], None) == ([], [])
    assert crowd.online == 1


def test_名单与进出的账都有上限() -> None:
    crowd = People()
    crowd.apply([str(number) for number in range(people.MAX_NAMES + 100)], [], None)
    assert len(crowd.names) == people.MAX_NAMES
    fold = PresenceFold()
    fold.add([str(number) for number in range(MAX_KNOWN + 5)], [])
    assert fold.folded().joined_count == MAX_KNOWN + 5


def test_文件新的在前_同一个只有一次_有上限(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_index, "MAX_FILES", 3)
    index = FileIndex()
    index.more = True
    first, second, third, fourth = (file(seq) for seq in (1, 2, 3, 4))
    assert index.add([second])
    assert index.oldest_seq == 2
    assert index.add([first, second])
    assert not index.add([first])
    assert [item.id for item in index.files][-1] in ("f1", "f2")
    index.add([third, fourth])
    assert len(index.files) == 3
    # 放满了就不再向服务器要
    assert not index.more


def test_自己的话_确认与播回来谁先谁后都只画一次() -> None:
    texts = OutgoingTexts()
    assert texts.apply(OutboxChanged("a", "你好", SENDING))
    assert texts.apply(OutboxChanged("a", "你好", SENT))
    assert texts.items == []
    assert not texts.confirmed("a")
    texts.apply(OutboxChanged("b", "又一句", SENDING))
    assert texts.confirmed("b")
    assert not texts.apply(OutboxChanged("b", "又一句", SENT))
    assert texts.items == []
    texts.apply(OutboxChanged("c", "坏的", SEND_FAILED, "太长"))
    assert [item.error for item in texts.items] == ["太长"]
    assert texts.discard("c")


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KB"),
        (327_680, "320 KB"),
        (2_684_354_560, "2.5 GB"),
        (10_240, "10 KB"),
    ],
)
def test_字节数的写法(count: int, written: str) -> None:
    assert human_text.format_bytes(count) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.2, "1 秒"), (61, "1 分 1 秒"), (3600, "1 小时"), (7325, "2 小时 2 分"), (1e9, "很久")],
)
def test_还剩多久的写法(seconds: float, written: str) -> None:
    assert human_text.format_duration(seconds) == written


def test_日期的写法() -> None:
    today = date(2026, 11, 22)
    assert human_text.format_day(today, today) == "今天"
    assert human_text.format_day(date(2026, 11, 21), today) == "昨天"
    assert human_text.format_day(date(2026, 1, 5), today) == "2026 年 1 月 5 日 星期一"
    noon = int(time.mktime((2026, 11, 22, 12, 5, 0, 0, 0, -1)) * 1000)
    assert human_text.format_short_date(noon, today) == "12:05"
    assert human_text.format_short_date(noon, date(2026, 11, 23)) == "2026-11-22"


def test_文件名里改变方向的字符显示成替代符() -> None:
    assert human_text.safe_name("照片\u202egnp.exe\n") == "照片\ufffdgnp.exe "
    assert human_text.safe_text("一\r\n二\x00\t三") == "一\n二\ufffd\t三"


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("看 https://a.com/x。然后", ["https://a.com/x"]),
        ("见https://a.com这里", ["https://a.com"]),
        ("(https://a.org/wiki/Water_(H2O))", ["https://a.org/wiki/Water_(H2O)"]),
        ("https://银行@evil.com http://bank.com@evil.com", []),
        ("javascript:alert(1) ftp://a.com file:///etc/passwd", []),
        ("http://127.0.0.1:3000/files/a.pdf, 好", ["http://127.0.0.1:3000/files/a.pdf"]),
    ],
)
def test_文字里的网址(text: str, links: list[str]) -> None:
    assert [url for _, _, url in find_links(text)] == links


def test_一长串括号也是线性的() -> None:
    assert len(list(find_links("https://a.com/" + ")" * 200_000))) == 1


def test_文件的类别_先看媒体类型再看扩展名() -> None:
    assert kind_of("image/png", "a.bin") == "image"
    assert kind_of("image/svg+xml", "a.svg") == "code"
    assert kind_of("application/octet-stream", "方案.DOCX") == "document"
    assert kind_of("application/octet-stream", "没有扩展名") == "other"


def test_服务器说的任何整数都写得出来() -> None:
    for number in (0, -1, 10**18, -(10**18), 10**400, -(10**400)):
        _write_every_way(number)


def _write_every_way(number: int) -> None:
    human_text.format_short_date(number, date(2026, 1, 1))
    human_text.format_time(number)
    human_text.format_bytes(number)
    human_text.format_duration(number)
    assert human_text.format_percent(number, 10**400) in range(-(10**400), 101)
    assert human_text.safe_name("\ud800" + "名" * 1000 + ".png").endswith("名.png")
