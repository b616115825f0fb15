"""文件列表, 右键菜单与传输区。"""

from __future__ import annotations

from pathlib import Path

import pytest

from ..model import file_index, transfers
from ..model.events import FilesLoaded, TransferChanged, TransferRemoved
from ..model.transfers import DONE, DOWN, FAILED, MOVING, PAUSED, QUEUED, Transfer, TransferError
from ..ui.window import Window
from .sample import arrived, file, joined, upload
from .tk_display import Desktop, HandFedNetwork, drained, wait_until, watch_browser


@pytest.fixture
def window(desktop: Desktop, network: HandFedNetwork) -> Window:
    opened = desktop.open(network)
    network.put(*joined("李四"))
    network.put(*arrived(file(1, "旧的.pdf"), file(2, "新的.pdf")))
    drained(opened, network)
    return opened


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """浏览器被要求打开的网址。"""
    return watch_browser(monkeypatch)


def _mouse(window: Window, index: int, *events: str, moved: int = 0) -> None:
    """在第 index 项上; 按下之后的各个事件再往下移 moved 像素。"""
    listbox = window.files.listbox
    box = listbox.bbox(index)
    assert box is not None
    for place, event in enumerate(events):
        listbox.event_generate(event, x=5, y=box[1] + 5 + (moved if place else 0))


def _click(window: Window, index: int) -> None:
    _mouse(window, index, "<Button-1>", "<ButtonRelease-1>")


def test_新的在前_单击或回车在浏览器里打开链接(
    window: Window, network: HandFedNetwork, opened: list[str]
) -> None:
    listbox = window.files.listbox
    assert listbox.get(0, "end") == ("新的.pdf", "旧的.pdf")
    _click(window, 1)
    wait_until(window.root, lambda: opened == ["http://127.0.0.1:3000/files/1.pdf"])
    selected = window.files.selected()
    assert selected is not None and selected.original_name == "旧的.pdf"
    listbox.focus_force()
    listbox.event_generate("<Return>")
    wait_until(window.root, lambda: len(opened) == 2)
    # 空白处不是最后一项
    for event in ("<Button-1>", "<ButtonRelease-1>"):
        listbox.event_generate(event, x=5, y=listbox.winfo_height() - 3)
    window.root.update()
    assert len(opened) == 2


def test_双击三击只打开一次(window: Window, opened: list[str]) -> None:
    for _ in range(3):
        _click(window, 0)
    wait_until(window.root, lambda: opened == ["http://127.0.0.1:3000/files/2.pdf"])
    _click(window, 1)
    wait_until(window.root, lambda: len(opened) == 2)


def test_拖动_用键盘移动_右键菜单_都不打开(
    window: Window, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window.menu.menu, "tk_popup", lambda x, y: None)
    listbox = window.files.listbox
    _mouse(window, 0, "<Button-1>", "<B1-Motion>", "<ButtonRelease-1>", moved=25)
    # 拖出去又回到原处
    _mouse(window, 0, "<Button-1>", "<B1-Motion>", moved=25)
    _mouse(window, 0, "<ButtonRelease-1>")
    # 快得没有一次移动
    _mouse(window, 1, "<Button-1>", "<ButtonRelease-1>", moved=25)
    listbox.focus_force()
    for key in ("<Down>", "<Up>", "<End>", "<Home>", "<Down>"):
        listbox.event_generate(key)
    _mouse(window, 0, "<Button-3>", "<ButtonRelease-3>")
    window.root.update()
    drained_opened = list(opened)
    listbox.event_generate("<Return>")
    wait_until(window.root, lambda: opened)
    # 回车之前什么也没有打开
    assert (drained_opened, len(opened)) == ([], 1)


def test_按下与放开之间来了新文件_打开的是按下的那个(
    window: Window, network: HandFedNetwork, opened: list[str]
) -> None:
    _mouse(window, 0, "<Button-1>")
    network.put(*arrived(file(3, "更新的.pdf")))
    drained(window, network)
    _mouse(window, 0, "<ButtonRelease-1>")
    wait_until(window.root, lambda: opened == ["http://127.0.0.1:3000/files/2.pdf"])


def test_又来一个文件_选中的还是原来那个(window: Window, network: HandFedNetwork) -> None:
    window.files.listbox.selection_set(1)
    network.put(*arrived(file(3, "更新的.pdf")))
    drained(window, network)
    selected = window.files.selected()
    assert selected is not None
    assert selected.original_name == "旧的.pdf"


def test_更早的文件按需要来_排在后面(window: Window, network: HandFedNetwork) -> None:
    assert network.named("load_more_files") == [(None,)]
    network.put(FilesLoaded((), True))
    drained(window, network)
    window.files.more.invoke()
    assert network.named("load_more_files")[1:] == [(1,)]
    network.put(FilesLoaded((file(0, "最早的.pdf"),), False))
    drained(window, network)
    assert "最早的.pdf" in window.files.listbox.get(0, "end")
    assert not window.files.more.winfo_ismapped()


def test_标题是服务器上的总数_新来的加上去(window: Window, network: HandFedNetwork) -> None:
    network.put(FilesLoaded((file(0, "更早的.pdf"),), True, 2255))
    drained(window, network)
    assert window.files.heading.cget("text") == "文件 (2,255)"
    network.put(*arrived(file(3, "刚来的.pdf")))
    drained(window, network)
    assert window.files.heading.cget("text") == "文件 (2,256)"
    # 更早的一页不是新来的; 旧的服务器不说总数
    network.put(FilesLoaded((file(-1, "最早的.pdf"),), False))
    drained(window, network)
    assert window.files.heading.cget("text") == "文件 (2,256)"


def test_右键菜单_打开_复制链接_另存为(
    window: Window,
    network: HandFedNetwork,
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    shown: list[tuple[int, int]] = []
    monkeypatch.setattr(window.menu.menu, "tk_popup", lambda x, y: shown.append((x, y)))
    asked: list[str] = []
    target = tmp_path / "存到这里.pdf"

    def choose(**options: str) -> str:
        asked.append(options["initialfile"])
        return str(target)

    monkeypatch.setattr("tkinter.filedialog.asksaveasfilename", choose)
    box = window.files.listbox.bbox(0)
    assert box is not None
    window.files.listbox.event_generate("<Button-3>", x=5, y=box[1] + 5)
    assert len(shown) == 1
    menu = window.menu.menu
    assert [menu.entrycget(index, "label") for index in range(3)] == ["打开", "复制链接", "另存为 ..."]
    menu.invoke(0)
    wait_until(window.root, lambda: opened == ["http://127.0.0.1:3000/files/2.pdf"])
    menu.invoke(1)
    assert window.root.clipboard_get() == "http://127.0.0.1:3000/files/2.pdf"
    menu.invoke(2)
    assert asked == ["新的.pdf"]
    ((saved, where),) = network.named("save_file")
    assert (saved.id, where) == ("f2", target)


def test_服务器说的本地地址与别的协议不打开(window: Window, opened: list[str]) -> None:
    for url in ("/etc/passwd", "javascript:alert(1)", "ms-settings:"):
        window.actions.open_url(url)
    window.root.update()
    assert opened == []


def test_选文件_可以多选_取消就什么都不发(
    window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[tuple[str, ...] | str] = [(), "", ("/tmp/一.bin", "/tmp/二.bin")]
    monkeypatch.setattr("tkinter.filedialog.askopenfilenames", lambda **_: answers.pop(0))
    for _ in range(3):
        window.composer.file_button.invoke()
    assert network.named("send_files") == [([Path("/tmp/一.bin"), Path("/tmp/二.bin")],)]


def test_传输区_没有就收起_按钮随状态(window: Window, network: HandFedNetwork) -> None:
    panel = window.transfers
    assert not panel.frame.winfo_ismapped()
    network.put(TransferChanged(upload(1, MOVING, 400)))
    drained(window, network)
    assert panel.frame.winfo_ismapped()
    row = panel.rows[0]
    assert "400 B / 1000 B, 100 B/s, 还剩 6 秒" in row.detail.cget("text")
    assert (row.percent.cget("text"), row._visible) == ("40 %", ("暂停", "取消"))
    row.buttons["暂停"].invoke()
    assert network.named("pause") == [("1",)]
    for state, buttons in ((PAUSED, ("继续", "取消")), (FAILED, ("重试", "移除")), (DONE, ("打开", "移除"))):
        network.put(TransferChanged(upload(1, state)))
        drained(window, network)
        assert row._visible == buttons
    assert panel.clear.winfo_ismapped()
    panel.clear.invoke()
    assert network.named("clear_finished") == [()]
    network.put(TransferRemoved("1"))
    drained(window, network)
    assert not panel.frame.winfo_ismapped()


def test_失败的说原因_下载完的能打开所在文件夹(
    window: Window, network: HandFedNetwork, opened: list[str], tmp_path: Path
) -> None:
    error = TransferError("file_type_forbidden", "不允许这种类型; 哪些类型可以发由管理员决定")
    network.put(TransferChanged(Transfer("1", transfers.UP, "坏.exe", 10, FAILED, error=error)))
    saved = str(tmp_path / "好.pdf")
    network.put(TransferChanged(Transfer("2", DOWN, "好.pdf", 10, DONE, 10, path=saved)))
    drained(window, network)
    assert "不允许这种类型" in window.transfers.rows[0].detail.cget("text")
    window.transfers.rows[1].buttons["所在文件夹"].invoke()
    wait_until(window.root, lambda: opened == [tmp_path.as_uri()])


def test_五百个文件_只有几行部件_滚得到最后(window: Window, network: HandFedNetwork) -> None:
    network.put(*(TransferChanged(upload(number, QUEUED, 0)) for number in range(500)))
    drained(window, network)
    for moved in (100, 200, 300):
        network.put(*(TransferChanged(upload(number, MOVING, moved)) for number in range(500)))
        drained(window, network)
    assert window.transfers.summary.cget("text").startswith("500 个正在传输")
    window.transfers._scrolled("moveto", "1.0")
    window.root.update()
    visible = [row for row in window.transfers.rows if row.frame.winfo_ismapped()]
    last = visible[-1].transfer
    assert last is not None
    assert last.name == "文件 499.bin"


def test_几百个文件_列表有上限_不重不漏(
    window: Window, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_index, "MAX_FILES", 300)
    network.put(*arrived(*(file(seq, f"文件 {seq}.pdf") for seq in range(1000, 1900))))
    drained(window, network)
    assert len(window.state.files.files) == 300
    names = window.files.listbox.get(0, "end")
    assert len(set(names)) == len(names) == 300
    assert names[0] == "文件 1899.pdf"
