"""聊天记录: 分组, 链接, 发送中与失败, 跟随与翻看, 上限, 进出再多也不卡。"""

from __future__ import annotations

import tkinter

import pytest
from PIL import Image

from ..model import timeline
from ..model.connection import WAITING, ConnectionState
from ..model.events import (
    SEND_FAILED,
    SENDING,
    SENT,
    ConnectionChanged,
    Failed,
    HasOlder,
    HistoryGap,
    MessageArrived,
    OlderLoaded,
    OutboxChanged,
    PresenceChanged,
    ThumbnailReady,
)
from ..protocol.messages import CloseReason
from ..ui import pump
from ..ui.window import Window
from .sample import arrived, file, joined, now_ms, picture, text
from .tk_display import (
    Desktop,
    HandFedNetwork,
    click_text,
    drained,
    shown,
    turns_until_drained,
    wait_until,
    watch_browser,
)


def _scroll_up(window: Window) -> None:
    """像用户那样: 滚轮向上。"""
    is_x11 = window.root.tk.call("tk", "windowingsystem") == "x11"
    for _ in range(5):
        if is_x11:
            window.log.text.event_generate("<Button-4>")
        else:
            window.log.text.event_generate("<MouseWheel>", delta=120)
    wait_until(window.root, lambda: not window.log.follow.following)


def _top_line(window: Window) -> str:
    return window.log.text.get("@0,0 linestart", "@0,0 lineend")


def test_同一个人连续的几条只写一次名字_隔一天有日期(window: Window, network: HandFedNetwork) -> None:
    now = now_ms() // 60_000 * 60_000
    day = 86_400_000
    network.put(*arrived(text(1, "昨天的", time_ms=now - day)))
    network.put(
        *arrived(text(2, "一", time_ms=now), text(3, "二", time_ms=now + 1), text(4, "三", "王五", now + 2))
    )
    drained(window, network)
    lines = shown(window).splitlines()
    assert lines[0] == "昨天"
    assert [line.split("   ")[0] for line in lines[3:]] == ["今天", "李四", "一", "二", "王五", "三"][0:6]
    assert not window.log.text.get("1.0", "end").startswith("{")


def test_只读_但可以选中与复制(window: Window, network: HandFedNetwork) -> None:
    network.put(*arrived(text(1, "抄走这一句")))
    drained(window, network)
    log = window.log.text
    assert str(log.cget("state")) == "disabled"
    log.focus_force()
    log.event_generate("<Control-a>")
    log.event_generate("<<Copy>>")
    assert "抄走这一句" in window.root.clipboard_get()
    log.event_generate("<Key-x>")
    assert "抄走这一句" in shown(window)


def test_点文字里的网址与文件_浏览器打开的是链接(
    window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = watch_browser(monkeypatch)
    network.put(*arrived(text(1, "看 https://example.com/a, 好"), file(2)))
    drained(window, network)
    click_text(window.log.text, "https://example.com")
    wait_until(window.root, lambda: opened == ["https://example.com/a"])
    click_text(window.log.text, "报告.pdf")
    wait_until(window.root, lambda: opened[1:] == ["http://127.0.0.1:3000/files/2.pdf"])
    click_text(window.log.text, "看")
    assert len(opened) == 2


def test_自己的话_发送中_确认之后只剩正式的一条(window: Window, network: HandFedNetwork) -> None:
    entry = window.composer.entry
    entry.insert(0, "发出去的话")
    entry.focus_force()
    entry.event_generate("<Return>")
    ((client_id, message),) = network.named("send_text")
    assert (message, entry.get()) == ("发出去的话", "")
    network.put(OutboxChanged(client_id, message, SENDING))
    drained(window, network)
    assert "发送中" in shown(window)
    network.put(OutboxChanged(client_id, message, SENT))
    network.put(MessageArrived(text(1, message, "张三"), True, client_id))
    drained(window, network)
    assert shown(window).count("发出去的话") == 1
    assert "发送中" not in shown(window)


def test_没发出的话_说明原因_可以重试与删除(window: Window, network: HandFedNetwork) -> None:
    network.put(OutboxChanged("c1", "太快的一句", SEND_FAILED, "发得太快了, 请稍后重试"))
    drained(window, network)
    assert "发得太快了, 请稍后重试" in shown(window)
    click_text(window.log.text, "重试   删除")
    assert network.named("retry_text") == [("c1",)]
    click_text(window.log.text, "删除")
    assert network.named("discard_text") == [("c1",)]
    drained(window, network)
    assert "太快的一句" not in shown(window)


def test_太长的话留在输入框里_说明超出多少(window: Window, network: HandFedNetwork) -> None:
    window.composer.entry.insert(0, "长" * 6000)
    window.composer.send_button.invoke()
    drained(window, network)
    assert network.named("send_text") == []
    assert window.composer.entry.get() == "长" * 6000
    assert "超出 1616 字节" in window.status.label.cget("text")


def test_上键找回发过的_下键回到草稿(window: Window, network: HandFedNetwork) -> None:
    entry = window.composer.entry
    for said in ("第一句", "第二句"):
        entry.insert(0, said)
        window.composer.submit()
    entry.insert(0, "草稿")
    entry.focus_force()
    seen = []
    for key in ("<Up>", "<Up>", "<Up>", "<Down>", "<Down>"):
        entry.event_generate(key)
        seen.append(entry.get())
    assert seen == ["第二句", "第一句", "第一句", "第二句", "草稿"]


def test_停在底部就跟着_翻看旧的时不动_按钮数着新的(window: Window, network: HandFedNetwork) -> None:
    network.put(*arrived(*(text(seq, f"第 {seq} 条") for seq in range(1, 101))))
    drained(window, network)
    log = window.log
    assert log.text.dlineinfo("end-1c") is not None
    _scroll_up(window)
    top = _top_line(window)
    network.put(*arrived(text(101, "新来的"), text(102, "又一条")))
    drained(window, network)
    assert _top_line(window) == top
    assert (log.follow.unread, log.follow.pill.cget("text")) == (2, "有 2 条新消息")
    assert log.follow.pill.winfo_ismapped()
    log.follow.pill.invoke()
    drained(window, network)
    assert log.text.dlineinfo("end-1c") is not None
    assert not log.follow.pill.winfo_ismapped()
    network.put(*arrived(text(103, "跟着看到的")))
    drained(window, network)
    assert log.text.dlineinfo("end-1c") is not None


def test_窗口变矮_底部仍看得见(window: Window, network: HandFedNetwork) -> None:
    network.put(*arrived(*(text(seq, f"第 {seq} 条") for seq in range(1, 101))))
    drained(window, network)
    window.root.geometry("700x450")
    wait_until(window.root, lambda: window.root.winfo_height() == 450)
    drained(window, network)
    assert window.log.text.dlineinfo("end-1c") is not None


def test_加载更早的_眼前的那一条不动(window: Window, network: HandFedNetwork) -> None:
    network.put(*arrived(*(text(seq, f"第 {seq} 条") for seq in range(201, 301)), live=False), HasOlder(True))
    drained(window, network)
    _scroll_up(window)
    click_text(window.log.text, "加载更早的消息")
    click_text(window.log.text, "加载更早的消息")
    # 连点两下只要一页
    assert network.named("load_older") == [(201,)]
    window.log.text.yview("5.0")
    top = _top_line(window)
    assert top == "第 202 条"
    network.put(OlderLoaded(tuple(text(seq, f"第 {seq} 条") for seq in range(1, 201)), False))
    drained(window, network)
    assert _top_line(window) == top
    assert "第 1 条" in shown(window)
    assert "加载更早的消息" not in shown(window)
    assert shown(window).index("第 200 条") < shown(window).index("第 201 条")


def test_断开重连_缺口_丢失历史_错误_都是一行中文(window: Window, network: HandFedNetwork) -> None:
    network.put(HistoryGap(), Failed("internal", "服务器出错; 请稍后重试"))
    network.put(*joined("李四", history_lost=True))
    network.put(ConnectionChanged(ConnectionState(WAITING, now_ms() / 1000 + 60, CloseReason(4008, "slow"))))
    drained(window, network)
    for said in ("这里缺了一段消息", "服务器出错; 请稍后重试", "丢失了历史"):
        assert said in shown(window)
    assert "网络太慢" in window.status.label.cget("text")
    assert "秒后重连" in window.status.label.cget("text")
    window.status.button.invoke()
    assert network.named("reconnect") == [()]


def test_图片先占好位置_取来之后记录不跳_点了打开(
    window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = watch_browser(monkeypatch)
    network.put(*arrived(picture(1), text(2, "后面的一条")))
    drained(window, network)
    ((asked,),) = network.named("want_thumbnail")
    assert asked.id == "f1"

    def below() -> int:
        box = window.log.text.bbox(window.log.text.search("后面的一条", "1.0"))
        assert box is not None
        return int(box[1])

    before = below()
    network.put(ThumbnailReady("f1", Image.new("RGB", (320, 240), "#3366cc")))
    drained(window, network)
    assert abs(below() - before) <= 1
    name = window.log.text.image_names()[-1]
    x, y, *_ = window.log.text.bbox(name) or (0, 0)
    window.log.text.event_generate("<Button-1>", x=x + 5, y=y + 5)
    window.log.text.event_generate("<ButtonRelease-1>", x=x + 5, y=y + 5)
    wait_until(window.root, lambda: opened == ["http://127.0.0.1:3000/files/1.png"])


def test_取不到的图片只剩一行_预览的张数有上限(
    window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("python_client.ui.log_pictures.MAX_PICTURES", 2)
    for seq in range(1, 5):
        network.put(*arrived(picture(seq, 40, 30)))
    drained(window, network)
    for seq in range(1, 4):
        network.put(ThumbnailReady(f"f{seq}", Image.new("RGB", (40, 30))))
    network.put(ThumbnailReady("f4", None))
    drained(window, network)
    assert len(window.pictures._loaded) == 2
    # 四个图标, 三个预览或灰条
    assert len(window.log.text.image_names()) == 7


def test_一万人进出_名单至多画五百_记录里一行_每一轮有界(window: Window, network: HandFedNetwork) -> None:
    names = [f"用户{number}" for number in range(10_000)]
    network.put(*(PresenceChanged((name,), ()) for name in names))
    # 不是一口气处理完的: 每一轮有界, 之间照样处理输入
    assert turns_until_drained(window, network) >= len(names) // (pump.MAX_EVENTS + pump.BATCH)
    assert window.people.heading.cget("text") == "在线用户 (10002)"
    assert len(window.people.tree.get_children()) == 500
    assert window.people.more.cget("text") == "… 另有 9502 人"
    assert shown(window).count("加入") == 1
    assert "等 10000 人加入" in shown(window)
    network.put(*(PresenceChanged((), (name,)) for name in names))
    drained(window, network)
    assert len(window.people.tree.get_children()) == 2


def test_几千条消息与两百条的一页_记录有上限(window: Window, network: HandFedNetwork) -> None:
    count = timeline.KEEP_ITEMS + 700
    network.put(
        *arrived(
            *(text(seq, f"第 {seq} 条, 有些话 https://a.com/{seq}") for seq in range(1001, 1001 + count))
        )
    )
    drained(window, network)
    assert len(window.log._rows) <= 1 + timeline.KEEP_ITEMS + timeline.TRIM_SLACK
    assert "第 1001 条" not in shown(window)
    # 丢掉的行的标签也去掉了
    assert len(window.log.text.tag_names()) < timeline.KEEP_ITEMS + timeline.TRIM_SLACK + 100
    first = window.state.timeline.first_seq
    assert first is not None
    page = tuple(text(seq, "更早的 " + "长" * 200) for seq in range(first - 200, first))
    network.put(OlderLoaded(page, True))
    drained(window, network)
    assert "更早的" in shown(window)


def test_不认识的事件只记日志(
    window: Window, network: HandFedNetwork, caplog: pytest.LogCaptureFixture
) -> None:
    before = shown(window)
    network.events.put(object())  # type: ignore[arg-type]
    network.put(*arrived(text(1, "之后的一条")))
    drained(window, network)
    assert "event_table.unknown" in caplog.text
    assert shown(window).startswith(before)
    assert "之后的一条" in shown(window)


def test_回调出了错_写成一行_窗口照常(desktop: Desktop, window: Window, network: HandFedNetwork) -> None:
    def break_it() -> None:
        raise tkinter.TclError("内部的细节")

    window.root.after(0, break_it)
    wait_until(window.root, lambda: "程序出了点问题" in shown(window))
    assert "内部的细节" not in shown(window)
    (problem,) = desktop.problems
    assert "内部的细节" in problem
    desktop.problems.clear()
