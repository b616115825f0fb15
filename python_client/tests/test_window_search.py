"""搜索窗口: 打开, 结果与标出的词, 键盘与鼠标, 前后的聊天, 翻页, 断线与换了历史; 主窗口的记录不受影响。"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ..model.connection import WAITING, ConnectionState
from ..model.events import ConnectionChanged, ContextLoaded, Event, Joined, Searched
from ..protocol.messages import RoomMessage
from ..ui.search_window import SearchWindow
from ..ui.window import Window
from .sample import arrived, file, joined, now_ms, text
from .tk_display import Desktop, HandFedNetwork, click_text, drained, shown, wait_until, watch_browser

# 在结果里的: 新的在前
HITS = (text(90, "下午的会议改到四点, 会议室不变"), file(80, "会议纪要.pdf"), text(70, "会议", "王五"))


def _capable(*events: Event) -> list[Event]:
    """服务器会搜索。"""
    features = frozenset({"search"})
    return [
        replace(event, identity=replace(event.identity, features=features))
        if isinstance(event, Joined)
        else event
        for event in events
    ]


@pytest.fixture
def search(desktop: Desktop, network: HandFedNetwork) -> SearchWindow:
    """按 Control-f 打开的。"""
    window = desktop.open(network)
    network.put(*_capable(*joined("李四")))
    network.put(*arrived(text(95, "主窗口里的一句")))
    drained(window, network)
    window.composer.entry.focus_force()
    window.composer.entry.event_generate("<Control-f>")
    wait_until(window.root, lambda: window.search.top.winfo_viewable())
    wait_until(window.root, lambda: window.root.focus_get() is window.search.entry)
    wait_until(window.root, lambda: window.search.results.text.winfo_height() > 100)
    return window.search


@pytest.fixture
def window(desktop: Desktop, search: SearchWindow) -> Window:
    return desktop._windows[0]


def _ask(window: Window, network: HandFedNetwork, query: str) -> int:
    """像用户那样: 写下搜索词, 回车; 返回这一问的号。"""
    entry = window.search.entry
    entry.delete(0, "end")
    entry.insert(0, query)
    entry.focus_force()
    entry.event_generate("<Return>")
    number, asked, before = network.named("search")[-1]
    assert (asked, before) == (query, None)
    return int(number)


def _found(
    window: Window, network: HandFedNetwork, messages: tuple[RoomMessage, ...] = HITS, more: bool = False
) -> None:
    network.put(Searched(_ask(window, network, "会议"), messages, more))
    drained(window, network)


def _tagged(widget: object, tag: str) -> list[str]:
    """标了这个标签的各段。"""
    assert hasattr(widget, "tag_ranges") and hasattr(widget, "get")
    ranges = [str(position) for position in widget.tag_ranges(tag)]
    return [widget.get(start, end) for start, end in zip(ranges[::2], ranges[1::2])]


def test_结果新的在前_搜索词标出_第一条的前后马上去取(window: Window, network: HandFedNetwork) -> None:
    _found(window, network, more=True)
    results = window.search.results
    assert _tagged(results.text, "match") == ["会议"] * 4
    lines = results.text.get("1.0", "end-1c").splitlines()
    assert lines[1].strip() == "下午的会议改到四点, 会议室不变" and lines[3].startswith(
        " 会议纪要.pdf   文档"
    )
    assert window.search.status.cget("text") == "3+ 条, 新的在前"
    assert [asked[1:] for asked in network.named("load_context")] == [(90, None), (None, 90)]
    assert shown(window).splitlines()[-1] == "主窗口里的一句", "主窗口的记录不动"


def test_选中一条_前后的聊天围着它_两头接着看(window: Window, network: HandFedNetwork) -> None:
    _found(window, network)
    results, context = window.search.results, window.search.context
    results.text.focus_force()
    results.text.event_generate("<Down>")
    results.text.event_generate("<Down>")
    assert results.selected == HITS[2]
    number = int(network.named("load_context")[-1][0])
    # 前一条的应答迟到了: 不能混进来
    network.put(ContextLoaded(number - 1, (text(89, "别处的"),), True))
    older = [text(seq, f"第 {seq} 句") for seq in range(20, 70)]
    newer = [text(seq, f"第 {seq} 句") for seq in range(71, 121)]
    network.put(ContextLoaded(number, tuple(older), True))
    network.put(ContextLoaded(number, tuple(newer), True, is_newer=True))
    drained(window, network)
    log = context.log.text
    words = log.get("1.0", "end-1c")
    assert "别处的" not in words and words.index("第 69 句") < words.index("会议") < words.index("第 71 句")
    assert _tagged(log, "found") == ["会议\n"] and _tagged(log, "match") == ["会议"]
    assert log.bbox(log.tag_ranges("found")[0]) is not None, "那一条就在眼前"
    click_text(log, "加载更早的消息")
    context.newer.invoke()
    assert network.named("load_context")[-2:] == [(number, 20, None), (number, None, 120)]
    network.put(ContextLoaded(number, (text(19, "最早的"),), False))
    network.put(ContextLoaded(number, (text(121, "最晚的"),), False, is_newer=True))
    drained(window, network)
    words = log.get("1.0", "end-1c")
    assert "最早的" in words and "最晚的" in words and "加载更早的消息" not in words
    wait_until(window.root, lambda: not context.newer.winfo_ismapped())


def test_到底了接着要更早的结果_迟到的旧结果不要(window: Window, network: HandFedNetwork) -> None:
    stale = _ask(window, network, "旧的词")
    _found(window, network, more=True)
    network.put(Searched(stale, (text(5, "旧的词"),), False))
    drained(window, network)
    results = window.search.results
    assert results.messages == list(HITS)
    results.text.focus_force()
    for _ in range(5):
        results.text.event_generate("<Down>")
    assert [asked[1:] for asked in network.named("search")][2:] == [("会议", 70)], "连按几下只要一页"
    network.put(Searched(int(network.named("search")[-1][0]), (text(60, "更早的会议"),), False))
    drained(window, network)
    assert [message.seq for message in results.messages] == [90, 80, 70, 60]
    assert results.selected == HITS[2], "选中的不变"
    results.text.event_generate("<Down>")
    assert results.selected is not None and results.selected.seq == 60


def test_点结果与点里面的文件(
    window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = watch_browser(monkeypatch)
    _found(window, network)
    click_text(window.search.results.text, "会议纪要.pdf")
    assert window.search.results.selected == HITS[1]
    click_text(window.search.context.log.text, "会议纪要.pdf")
    wait_until(window.root, lambda: opened == ["http://127.0.0.1:3000/files/80.pdf"])


def test_没有找到_出错_不在线_不会搜索_太长_都说得出(window: Window, network: HandFedNetwork) -> None:
    status = window.search.status
    network.put(Searched(_ask(window, network, "没有的")))
    drained(window, network)
    assert status.cget("text") == "没有找到"
    network.put(Searched(_ask(window, network, "会议"), error="服务器太忙, 请稍后再试"))
    drained(window, network)
    assert status.cget("text") == "没有搜到: 服务器太忙, 请稍后再试"
    asked = len(network.named("search"))
    for prepare, query, said in (
        ([], "会" * 257, "搜索词太长"),
        ([ConnectionChanged(ConnectionState(WAITING))], "会议", "还没有连上服务器"),
        (joined("李四"), "会议", "这个服务器还不能搜索"),
    ):
        network.put(*prepare)
        drained(window, network)
        window.search.entry.delete(0, "end")
        window.search.entry.insert(0, query)
        window.search.button.invoke()
        assert str(status.cget("text")).startswith(said)
    assert len(network.named("search")) == asked


def test_看不懂的条件_按文字找_说一声(window: Window, network: HandFedNetwork) -> None:
    network.put(Searched(_ask(window, network, "会议 before:下周")))
    drained(window, network)
    assert str(window.search.status.cget("text")).startswith("没有找到; before:下周 不是看得懂的条件")


def test_几个词各自标出_全角与附加符号不计(window: Window, network: HandFedNetwork) -> None:
    network.put(Searched(_ask(window, network, "cafe 会议 from:李雷"), (text(9, "会议在 Café, 李雷"),)))
    drained(window, network)
    assert _tagged(window.search.results.text, "match") == ["会议", "Café"]


def test_前后的没有取到_说一声_还可以再试(window: Window, network: HandFedNetwork) -> None:
    _found(window, network)
    number = int(network.named("load_context")[-1][0])
    network.put(
        ContextLoaded(number, error="连接断开了"), ContextLoaded(number, is_newer=True, error="连接断开了")
    )
    drained(window, network)
    assert window.search.status.cget("text") == "前后的聊天没有取到: 连接断开了"
    click_text(window.search.context.log.text, "加载更早的消息")
    assert network.named("load_context")[-1] == (number, 90, None)


def test_服务器的历史换了_旧的结果收起来_关掉再开还是这一个(window: Window, network: HandFedNetwork) -> None:
    _found(window, network)
    window.search.top.event_generate("<Escape>")
    wait_until(window.root, lambda: not window.search.top.winfo_viewable())
    network.put(*_capable(*joined("李四", history_lost=True)))
    drained(window, network)
    window.composer.search_button.invoke()
    wait_until(window.root, lambda: window.search.top.winfo_viewable())
    assert window.search.results.messages == []
    assert window.search.status.cget("text") == "服务器的历史换了, 请重新搜索"
    _found(window, network, (text(3, "新的会议", time_ms=now_ms()),))
    assert len(window.search.results.messages) == 1
