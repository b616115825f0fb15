"""文件列表里还在上传的: 传了多少, 马上能打开, 传完换成正式的一项, 收回就没有了。"""

from __future__ import annotations

from dataclasses import replace
from tkinter import font as tkfont

import pytest

from ..model.events import FilesLoaded, OffersChanged
from ..protocol.messages import FileOffer
from ..ui.file_name import fit
from ..ui.window import Window
from .sample import arrived, file
from .tk_display import HandFedNetwork, drained, wait_until, watch_browser


def _offer(number: int, received: int, name: str = "电影.pdf") -> FileOffer:
    """与 sample.file 的同一个 id 与链接。"""
    return FileOffer(f"f{number}", "李四", name, 1000, f"http://127.0.0.1:3000/files/{number}.pdf", received)


def _lines(window: Window) -> list[str]:
    return list(window.files.listbox.get(0, "end"))


def test_还在上传的在最上面_写明传了多少_单击马上打开(
    window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = watch_browser(monkeypatch)
    network.put(*arrived(file(1, "旧的.pdf")), OffersChanged((_offer(2, 450), _offer(3, 0, "后来的.pdf"))))
    drained(window, network)
    assert _lines(window) == ["上传中 0% · 后来的.pdf", "上传中 45% · 电影.pdf", "旧的.pdf"]
    assert window.files.heading.cget("text") == "文件 (1)"
    listbox = window.files.listbox
    box = listbox.bbox(1)
    assert box is not None
    for event in ("<Button-1>", "<ButtonRelease-1>"):
        listbox.event_generate(event, x=5, y=box[1] + 5)
    wait_until(window.root, lambda: opened == ["http://127.0.0.1:3000/files/2.pdf"])
    assert window.files.facts.cget("text") == "450 B / 1000 B, 李四 正在上传"


def test_名字再长也看得全传了多少(window: Window, network: HandFedNetwork) -> None:
    network.put(OffersChanged((_offer(2, 450, f"{'很长的名字' * 20}.pdf"),)))
    drained(window, network)
    (line,) = _lines(window)
    assert line.startswith("上传中 45% · ") and line.endswith(".pdf") and "…" in line


def test_有进展时只改那一行_选中的与滚动的位置都不动(window: Window, network: HandFedNetwork) -> None:
    network.put(FilesLoaded(tuple(file(number, f"{number}.pdf") for number in range(100, 300)), False))
    network.put(OffersChanged((_offer(2, 100),)))
    drained(window, network)
    listbox = window.files.listbox
    listbox.selection_set(50)
    listbox.see(60)
    before = (listbox.yview(), window.files.selected())
    for received in (200, 300):
        network.put(OffersChanged((_offer(2, received),)))
        drained(window, network)
    assert _lines(window)[0] == "上传中 30% · 电影.pdf"
    assert (listbox.yview(), window.files.selected()) == before


def test_传完换成正式的一项_选中的还是它(window: Window, network: HandFedNetwork) -> None:
    network.put(*arrived(file(1, "旧的.pdf")), OffersChanged((_offer(2, 1000),)))
    drained(window, network)
    window.files.listbox.selection_set(0)
    # 先后不定: 表还没有改的时候也只有一项
    network.put(*arrived(file(2, "电影.pdf")))
    drained(window, network)
    assert _lines(window) == ["电影.pdf", "旧的.pdf"]
    assert window.files.selected() == window.state.files.files[0]
    network.put(OffersChanged(()))
    drained(window, network)
    assert _lines(window) == ["电影.pdf", "旧的.pdf"]


def test_收回的去掉_几个同时传的后来居上也不乱(window: Window, network: HandFedNetwork) -> None:
    network.put(*arrived(file(1, "旧的.pdf")))
    network.put(OffersChanged((_offer(2, 100, "甲.pdf"), _offer(3, 100, "乙.pdf"), _offer(4, 100, "丙.pdf"))))
    drained(window, network)
    network.put(OffersChanged((_offer(2, 100, "甲.pdf"), _offer(4, 100, "丙.pdf"))))
    drained(window, network)
    assert _lines(window) == ["上传中 10% · 丙.pdf", "上传中 10% · 甲.pdf", "旧的.pdf"]
    network.put(*arrived(file(4, "丙.pdf")), OffersChanged((_offer(2, 100, "甲.pdf"),)))
    drained(window, network)
    assert _lines(window) == ["上传中 10% · 甲.pdf", "丙.pdf", "旧的.pdf"]


def test_另存为还在上传的_交给下载(
    window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tkinter.filedialog.asksaveasfilename", lambda **_: "/tmp/存到这里.pdf")
    network.put(OffersChanged((_offer(2, 450),)))
    drained(window, network)
    offer = window.files.files[0]
    window.actions.save_file(offer)
    ((saved, _),) = network.named("save_file")
    assert saved == _offer(2, 450)


def test_暂停的_没有动静的都不写上传中(window: Window, network: HandFedNetwork) -> None:
    paused, waiting = (
        replace(_offer(2, 450), state="paused"),
        replace(_offer(3, 0, "后来的.pdf"), state="waiting"),
    )
    network.put(OffersChanged((paused, waiting)))
    drained(window, network)
    assert _lines(window) == ["等待中 0% · 后来的.pdf", "已暂停 45% · 电影.pdf"]
    listbox = window.files.listbox
    listbox.selection_set(1)
    listbox.event_generate("<<ListboxSelect>>")
    wait_until(window.root, lambda: window.files.facts.cget("text") == "450 B / 1000 B, 李四 暂停了上传")
    network.put(OffersChanged((replace(paused, state="sending"), waiting)))
    drained(window, network)
    assert _lines(window)[1] == "上传中 45% · 电影.pdf"


def test_再窄也不切掉扩展名(window: Window) -> None:
    font = tkfont.Font(root=window.root, font=window.files.listbox.cget("font"))
    for width in range(font.measure("….mkv"), font.measure("很长的发布会录像.mkv") + 20, 7):
        line = fit("很长的发布会录像.mkv", font, width)
        assert line.endswith(".mkv") and font.measure(line) <= width, (line, width)
