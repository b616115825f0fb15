"""别人发来的怪东西: 时间, 长度, 名字与链接; 窗口只在那一行上说明, 其余照常。"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ..model.connection import STOPPED, ConnectionState
from ..model.events import ConnectionChanged, FilesLoaded, PresenceChanged
from ..model.file_names import local_name
from ..ui.window import Window
from .sample import arrived, file, joined, text
from .tk_display import Desktop, HandFedNetwork, click_text, drained, shown, wait_until, watch_browser


@pytest.mark.parametrize("time_ms", [10**18, -(10**18), 10**400])
def test_时间在日历之外的一条_照样显示_后面的不错位(
    window: Window, network: HandFedNetwork, time_ms: int
) -> None:
    network.put(*arrived(text(1, "之前的"), text(2, "时间不对的", time_ms=time_ms), text(3, "之后的")))
    drained(window, network)
    lines = shown(window).splitlines()
    assert [line for line in lines if line in ("之前的", "时间不对的", "之后的")] == [
        "之前的",
        "时间不对的",
        "之后的",
    ]


def test_有一条画不出来_只有它是一行说明(
    desktop: Desktop, window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.put(*arrived(text(1, "之前的"), text(2, message=None), text(3, "之后的")))  # type: ignore[arg-type]
    drained(window, network)
    assert "显示不了" in shown(window)
    assert shown(window).index("之前的") < shown(window).index("显示不了") < shown(window).index("之后的")
    (problem,) = desktop.problems
    assert "log_view.row_failed" in problem
    desktop.problems.clear()


def test_两兆字节的一条_只显示开头_全文可以复制(window: Window, network: HandFedNetwork) -> None:
    whole = "A" * 1_900_000
    network.put(*arrived(text(1, whole, "名" * 500_000), file(2, "文" * 500_000 + ".pdf"), text(3, "之后的")))
    drained(window, network)
    words = shown(window)
    assert len(words) < 20_000
    assert "其余没有显示" in words
    assert "….pdf" in words.replace("文", "")
    assert "之后的" in words
    click_text(window.log.text, "复制全文")
    assert window.root.clipboard_get() == whole


def test_名单里太长的名字省略_不省略我_改到一半出错也能复原(
    desktop: Desktop, window: Window, network: HandFedNetwork
) -> None:
    tree = window.people.tree
    network.put(*joined("W" * 31 + "尾", name="W" * 32))
    drained(window, network)
    mine, other = (tree.item(row, "text").strip() for row in tree.get_children())
    assert mine.startswith("WW") and mine.endswith("W (我)")
    assert "…" in mine and other.endswith("尾")
    # 与名单不符的一行: 只说一次错, 之后照常
    tree.delete(tree.get_children()[1])
    network.put(PresenceChanged((), ("W" * 31 + "尾",)))
    drained(window, network)
    network.put(PresenceChanged(("李四",), ()))
    drained(window, network)
    assert [tree.item(row, "text").strip() for row in tree.get_children()] == [mine, "李四"]
    desktop.problems.clear()


@pytest.mark.parametrize(
    "url", ["http://[", "http://a\0b/", "http://a:99999/", "http://:80/", "http:///x", "http://a\nb/"]
)
def test_链接不对的文件_说一句_浏览器不打开(
    window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    opened = watch_browser(monkeypatch)
    network.put(*arrived(replace(file(3), url=url)))
    drained(window, network)
    listbox = window.files.listbox
    listbox.focus_force()
    listbox.selection_set(0)
    listbox.event_generate("<Return>")
    wait_until(window.root, lambda: "链接不对" in window.status.label.cget("text"))
    assert opened == []


def test_长的文件名看得见扩展名_重名的写明是谁发的(window: Window, network: HandFedNetwork) -> None:
    listbox = window.files.listbox
    network.put(*arrived(file(1, "报告.pdf", "李四"), file(2, "很长的名字" * 20 + ".tar.gz")))
    drained(window, network)
    long, short = listbox.get(0, "end")
    assert "…" in long and long.endswith(".gz")
    assert short == "报告.pdf"
    listbox.selection_set(1)
    network.put(*arrived(file(3, "报告.pdf", "王五")))
    drained(window, network)
    again, _, first = listbox.get(0, "end")
    assert again.startswith("报告.pdf · 王五") and first.startswith("报告.pdf · 李四")
    # 重写了的一行仍选中
    assert listbox.curselection() == (2,)  # type: ignore[no-untyped-call]


def test_一个文件都没有_说的前后一致(window: Window, network: HandFedNetwork) -> None:
    network.put(FilesLoaded((), True))
    drained(window, network)
    assert (window.files.heading.cget("text"), window.files.facts.cget("text")) == (
        "文件 (0)",
        "最近没有文件",
    )
    assert window.files.more.winfo_ismapped()


def test_名字被拒而停着_说等待换名字_没有重连的按钮(window: Window, network: HandFedNetwork) -> None:
    network.put(ConnectionChanged(ConnectionState(STOPPED)))
    drained(window, network)
    assert window.status.label.cget("text") == "等待换名字"
    assert not window.status.button.winfo_ismapped()


def test_Tk自己的文件对话框是中文_不列隐藏文件(window: Window) -> None:
    root = window.root
    if root.tk.call("tk", "windowingsystem") != "x11":
        pytest.skip("别的系统用系统的对话框")
    found: list[str] = []

    def look() -> None:
        dialogs = str(root.tk.eval("winfo children .")).split()
        dialog = next(path for path in dialogs if path.startswith(".__tk_filedialog"))
        for path in ("f1.lab", "f2.lab", "f2.lab2", "f2.ok", "f2.cancel", "f2.hidden"):
            found.append(str(root.tk.call(f"{dialog}.contents.{path}", "cget", "-text")))
        root.tk.call(f"{dialog}.contents.f2.cancel", "invoke")

    root.after(100, look)
    window.actions.pick_files()
    assert found == ["文件夹:", "文件名:", "文件类型:", "打开", "取消", "显示隐藏的文件与文件夹"]
    assert root.tk.eval("set ::tk::dialog::file::showHiddenVar") == "0"


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("报告.pdf", "报告.pdf"),
        ("../a/b", "b"),
        ("CON.txt", "_CON.txt"),
        (".env", ".env"),
        ("", "未命名"),
        ("汉" * 500 + ".png", "汉" * 65 + ".png"),
    ],
)
def test_另存为预填的名字_系统都放得下(name: str, local: str) -> None:
    assert local_name(name) == local
