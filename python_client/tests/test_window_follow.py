"""聊天记录的位置: 没有向上滚就总看得见最新的一行; 滚上去了, 眼前的一行一像素也不动。图片何时来都一样。"""

from __future__ import annotations

from typing import Callable, Sequence

import pytest
from PIL import Image

from ..model.events import HasOlder, OlderLoaded, PresenceChanged, ThumbnailReady
from ..protocol.messages import FileMessage
from ..ui.window import Window
from .sample import arrived, joined, picture, text
from .tk_display import Desktop, HandFedNetwork, drained, wait_until

# 图片与说的不一样高: 服务器说 400 * 300, 来的是竖的
_TALL = (240, 320)
_FLAT = (320, 40)


def _at_end(window: Window) -> bool:
    """看得见最后的空行, 而且滚动条也到了底。"""
    text_widget = window.log.text
    text_widget.tk.call(str(text_widget), "sync")
    return text_widget.dlineinfo("end-1c") is not None and text_widget.yview()[1] == 1.0


def _bring_pictures(window: Window, network: HandFedNetwork, size: tuple[int, int]) -> int:
    """要过的缩略图都到, 直到不再要; 返回到了几张。"""
    answered: set[str] = set()
    while True:
        drained(window, network)
        asked = {file.id for (file,) in network.named("want_thumbnail")} - answered
        if not asked:
            return len(answered)
        answered |= asked
        network.put(*(ThumbnailReady(file_id, Image.new("RGB", size, "#3366cc")) for file_id in asked))


def _sized(window: Window, size: str) -> None:
    window.root.geometry(f"{size}+0+0")
    wait_until(window.root, lambda: window.root.winfo_geometry().startswith(size))


def _talk(first: int, last: int) -> Sequence[object]:
    return [text(seq, f"第 {seq} 条, 说得长一些就要折行 " * 4) for seq in range(first, last + 1)]


def _read_at(window: Window, words: str, below_top: int) -> Callable[[], int]:
    """像用户那样停在一处: words 的那一行在顶端之下若干像素; 返回量它高低的函数。"""
    log = window.log.text
    log.event_generate("<Button-4>")
    wait_until(window.root, lambda: not window.log.follow.following)
    log.yview(log.search(words, "1.0"))
    log.yview_scroll(-below_top, "pixels")
    window.root.update()

    def y() -> int:
        box = log.bbox(log.search(words, "1.0"))
        assert box is not None, f"{words} 不在眼前了"
        return int(box[1])

    return y


@pytest.mark.parametrize("size", [(320, 240), _TALL, _FLAT])
@pytest.mark.parametrize("count", [3, 5, 12])
def test_历史以几张图片结尾_打开就看得见最新的一行_图片到了也是(
    window: Window, network: HandFedNetwork, count: int, size: tuple[int, int]
) -> None:
    page = [*_talk(1, 40), *(picture(seq) for seq in range(41, 41 + count))]
    network.put(*arrived(*page, live=False))  # type: ignore[arg-type]
    drained(window, network)
    assert _at_end(window)
    assert _bring_pictures(window, network, size) >= min(count, 3)
    assert _at_end(window)
    assert window.log.follow.following


def test_图片一张张发来_点着记录_名单变着_换了大小与字号_最新的一行总在(
    window: Window, network: HandFedNetwork
) -> None:
    network.put(*arrived(*_talk(1, 40)))  # type: ignore[arg-type]
    for seq in range(41, 47):
        network.put(*arrived(picture(seq)))
        drained(window, network)
        # 点一下不是向上滚
        window.log.text.event_generate("<Button-1>", x=20, y=20)
        network.put(ThumbnailReady(f"f{seq}", Image.new("RGB", _TALL, "#3366cc")))
        drained(window, network)
        window.log.text.event_generate("<ButtonRelease-1>", x=20, y=20)
        assert _at_end(window)
    # 进出的一行越写越长, 直到折行
    for number in range(12):
        network.put(PresenceChanged((f"名字不短的用户{number}",), ()))
        drained(window, network)
        assert _at_end(window)
    for size in ("760x480", "1000x700", "820x460"):
        _sized(window, size)
        drained(window, network)
        assert _at_end(window)
    for points in (20, 9):
        window.theme.normal.configure(size=points)
        drained(window, network)
        assert _at_end(window)
    assert window.log.follow.following


@pytest.mark.parametrize("size", [_TALL, _FLAT, None])
@pytest.mark.parametrize("below_top", [0, 60])
def test_翻看时上面的图片来了_取不到_变高变矮_眼前的一行不动(
    window: Window, network: HandFedNetwork, size: tuple[int, int] | None, below_top: int
) -> None:
    page = [*(picture(seq) for seq in range(1, 6)), text(6, "看着的这一句"), *_talk(7, 60)]
    network.put(*arrived(*page, live=False))  # type: ignore[arg-type]
    drained(window, network)
    # 顶端露出半张图
    y = _read_at(window, "看着的这一句", below_top)
    before = y()
    asked: list[FileMessage] = wait_until(
        window.root, lambda: [file for (file,) in network.named("want_thumbnail") if file.seq == 5]
    )
    for file in asked:
        image = None if size is None else Image.new("RGB", size, "#3366cc")
        network.put(ThumbnailReady(file.id, image))
    drained(window, network)
    assert y() == before
    network.put(*arrived(picture(61), text(62, "新来的")))
    drained(window, network)
    assert (y(), window.log.follow.following, window.log.follow.unread) == (before, False, 2)


def test_翻看时上面插进一页_更早的没有了_眼前的一行不动(window: Window, network: HandFedNetwork) -> None:
    network.put(*arrived(*_talk(201, 260), live=False), HasOlder(True))  # type: ignore[arg-type]
    drained(window, network)
    y = _read_at(window, "第 203 条", 47)
    before = y()
    older = (*_talk(101, 199), picture(200))
    network.put(OlderLoaded(older, False))  # type: ignore[arg-type]
    drained(window, network)
    assert y() == before
    _bring_pictures(window, network, _TALL)
    assert y() == before


def test_图片到来时_同一条里选中的字仍选着(window: Window, network: HandFedNetwork) -> None:
    network.put(*arrived(picture(1), text(2, "后面的一句")))
    drained(window, network)
    log = window.log.text
    start = log.search("云海.png", "1.0")
    log.tag_add("sel", start, f"{start}+6c")
    network.put(ThumbnailReady("f1", Image.new("RGB", _TALL, "#3366cc")))
    drained(window, network)
    assert log.get("sel.first", "sel.last") == "云海.png"


def test_看着的放大到看得见底部_又跟着新的(desktop: Desktop, network: HandFedNetwork) -> None:
    window = desktop.open(network)
    network.put(*joined("李四"), *arrived(*(text(seq, f"第 {seq} 条") for seq in range(1, 25))))
    _sized(window, "760x480")
    drained(window, network)
    window.log.text.event_generate("<Button-4>")
    wait_until(window.root, lambda: not window.log.follow.following)
    window.root.geometry("760x880+0+0")
    wait_until(window.root, lambda: window.log.follow.following)
    network.put(*arrived(*_talk(25, 60)))  # type: ignore[arg-type]
    drained(window, network)
    assert _at_end(window)
