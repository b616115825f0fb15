"""打字总有着落: 焦点在输入框里; 点了别处再打字, 字也进输入框, 而复制, 方向键, 快捷键照常。"""

from __future__ import annotations

import tkinter
from pathlib import Path
from typing import Callable

import pytest

from ..model.events import NameRefused
from ..protocol.address import ServerAddress
from ..ui.from_anywhere import is_typing
from ..ui.start import WindowOptions, run_with
from ..ui.window import Window
from .sample import arrived, file, joined, text
from .tk_display import Desktop, HandFedNetwork, Script, drained, wait_until, watch_browser


@pytest.fixture
def window(desktop: Desktop, network: HandFedNetwork) -> Window:
    opened = desktop.open(network)
    network.put(*joined("李四"), *arrived(text(1, "抄走这一句"), file(2, "旧的.pdf"), file(3, "新的.pdf")))
    drained(opened, network)
    return opened


def _press(widget: tkinter.Misc, *keys: str) -> None:
    """键盘在这个部件上时, 按下又放开这些键。"""
    widget.focus_force()
    for key in keys:
        widget.event_generate(f"<{key}>")
        widget.update()


def _widgets(window: Window) -> list[tkinter.Misc]:
    return [
        window.root,
        window.log.text,
        window.files.listbox,
        window.people.tree,
        window.composer.send_button,
    ]


def test_在记录_列表_名单_按钮_窗口自己上打字_都进输入框_焦点也到那里(window: Window) -> None:
    entry = window.composer.entry
    for widget in _widgets(window):
        entry.delete(0, "end")
        _press(widget, "Key-a")
        assert (entry.get(), window.root.focus_get()) == ("a", entry), str(widget)
        # 焦点已经过去: 下面的照平常, 一个不重
        _press(entry, "Key-exclam")
        assert entry.get() == "a!"


def test_点进记录或列表之后打字_换掉输入框里选中的(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    watch_browser(monkeypatch)
    entry = window.composer.entry
    for widget in (window.log.text, window.files.listbox):
        entry.delete(0, "end")
        entry.insert(0, "从前写的")
        entry.selection_range(0, "end")
        widget.focus_force()
        widget.event_generate("<Button-1>", x=5, y=5)
        widget.event_generate("<ButtonRelease-1>", x=5, y=5)
        widget.update()
        assert window.root.focus_get() is widget
        widget.event_generate("<Key-n>")
        widget.update()
        assert entry.get() == "n"


def test_复制_全选_方向键_回车_空格_照常(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = watch_browser(monkeypatch)
    entry, log, listbox = window.composer.entry, window.log.text, window.files.listbox
    _press(log, "Control-a", "Control-c")
    assert "抄走这一句" in window.root.clipboard_get()
    assert window.root.focus_get() is log
    _press(listbox, "Down", "Up", "Down", "space", "Escape", "F5", "Alt-x", "Shift_L")
    selected = window.files.selected()
    assert selected is not None and selected.original_name == "旧的.pdf"
    _press(listbox, "Return")
    wait_until(window.root, lambda: opened == ["http://127.0.0.1:3000/files/2.pdf"])
    assert (entry.get(), window.root.focus_get()) == ("", listbox)


def test_在记录上粘贴_进输入框(window: Window) -> None:
    window.root.clipboard_clear()
    window.root.clipboard_append("粘贴的一句")
    _press(window.log.text, "Control-v")
    wait_until(window.root, lambda: window.composer.entry.get() == "粘贴的一句")
    assert window.root.focus_get() is window.composer.entry


def test_搜索窗口里打的字是搜索词_在结果与前后的聊天上也是(window: Window) -> None:
    window.open_search()
    search = window.search
    wait_until(window.root, search.entry.winfo_viewable)
    for widget in (search.entry, search.results.text, search.context.log.text):
        search.entry.delete(0, "end")
        _press(widget, "Key-a")
        assert (search.entry.get(), window.composer.entry.get()) == ("a", ""), str(widget)


@pytest.mark.parametrize(
    ("char", "state", "system", "typing"),
    [
        ("a", 0, "x11", True),
        # 大写锁定, 数字锁定, AltGr
        ("A", 0x2 | 0x10, "x11", True),
        ("@", 0x80, "x11", True),
        # 输入法一次给出几个字, 有的带着空格
        ("你好 世界", 0, "x11", True),
        ("\x03", 0x4, "x11", False),
        ("x", 0x8, "x11", False),
        ("x", 0x40, "x11", False),
        ("@", 0x4 | 0x20000, "win32", True),
        ("x", 0x20000, "win32", False),
        # Windows 上这一位是数字锁定
        ("1", 0x8, "win32", True),
        ("c", 0x8, "aqua", False),
        ("ø", 0x10, "aqua", True),
        # macOS 的方向键带着私用区的字
        ("\uf700", 0, "aqua", False),
        ("", 0, "x11", False),
        (" ", 0, "x11", False),
        ("\r", 0, "x11", False),
        ("\x7f", 0, "win32", False),
    ],
)
def test_要写的字_不是快捷键(char: str, state: int, system: str, typing: bool) -> None:
    assert is_typing(char, state, system) is typing


def _dialog(root: tkinter.Tk) -> Callable[[], tkinter.Misc | None]:
    def find() -> tkinter.Misc | None:
        found = [child for child in root.winfo_children() if child.winfo_class() == "Toplevel"]
        return found[0] if found and found[0].winfo_viewable() else None

    return find


def test_名字写错过一次_被服务器拒过一次_焦点都在输入框(desktop: Desktop) -> None:
    network = HandFedNetwork()
    focused: list[str] = []

    def entry_focused(root: tkinter.Tk) -> Callable[[], object]:
        return lambda: root.winfo_viewable() and _class_of(root.focus_lastfor()) == "TEntry"

    def script(root: tkinter.Tk) -> Script:
        for written in ("   ", "张三"):
            dialog = yield _dialog(root)
            dialog.entry.delete(0, "end")
            dialog.entry.insert(0, written)
            dialog.ok()
        yield entry_focused(root)
        focused.append("写错之后")
        network.put(NameRefused("name_taken", "名字已被使用", "张三", "张三2"))
        dialog = yield _dialog(root)
        dialog.ok()
        yield lambda: network.named("rename")
        yield entry_focused(root)
        focused.append("被拒之后")
        root.tk.call(root.protocol("WM_DELETE_WINDOW"))

    desktop.play(script)
    options = WindowOptions(ServerAddress("http://127.0.0.1:3000"), None, Path("/nowhere"), "")
    run_with(options, lambda _: network)
    assert focused == ["写错之后", "被拒之后"]


def _class_of(widget: tkinter.Misc | None) -> str:
    return "" if widget is None else widget.winfo_class()
