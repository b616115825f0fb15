"""拖进窗口: 另一个进程用真的 XDND 协议拖来文件, 文件夹与文字。"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

from ..ui import drop_target
from ..ui.window import Window
from .paths import ROOT
from .tk_display import DEADLINE_S, Desktop, HandFedNetwork, drained, wait_until

URIS = "text/uri-list"
TEXT = "UTF8_STRING"


@pytest.fixture
def window(desktop: Desktop, network: HandFedNetwork) -> Window:
    opened = desktop.open(network)
    drop = opened.incoming.drop
    if drop is None or not drop.works or opened.root.tk.call("tk", "windowingsystem") != "x11":
        pytest.skip("这里没有 tkdnd, 或不是 X11")
    return opened


class Drag:
    """拖着东西停在窗口上; drop 松开, leave 离开。"""

    def __init__(self, window: Window, kind: str, data: str) -> None:
        self._window = window
        text = window.log.text
        x, y = text.winfo_rootx() + 50, text.winfo_rooty() + 50
        module = [sys.executable, "-m", "python_client.tests.drag_source"]
        self._process = subprocess.Popen(
            [*module, str(x), str(y), kind, data],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def hover(self) -> Drag:
        wait_until(self._window.root, lambda: self._drop.hovering)
        return self

    def drop(self) -> None:
        self._tell("drop")
        assert self._process.stdout is not None
        wait_until(self._window.root, lambda: self._process.poll() is not None)
        assert self._process.stdout.read().split() == ["hovering", "copy"]

    def leave(self) -> None:
        self._tell("leave")
        wait_until(self._window.root, lambda: not self._drop.hovering)

    def end(self) -> None:
        self._process.kill()
        self._process.wait(DEADLINE_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def _drop(self) -> drop_target.DropTarget:
        assert self._window.incoming.drop is not None
        return self._window.incoming.drop

    def _tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()


class Drags:
    """一个测试里的全部拖动; 结束时都收掉。"""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.all: list[Drag] = []

    def start(self, kind: str, data: str) -> Drag:
        drag = Drag(self._window, kind, data)
        self.all.append(drag)
        return drag.hover()


@pytest.fixture
def drags(window: Window) -> Iterator[Drags]:
    made = Drags(window)
    yield made
    for drag in made.all:
        drag.end()


def _uris(*paths: Path) -> str:
    # Tcl 的列表; as_uri 里没有空格与花括号
    return " ".join(path.as_uri() for path in paths)


def test_拖着时有提示_松开按次序发送_文件夹里的也发(
    window: Window, network: HandFedNetwork, drags: Drags, tmp_path: Path
) -> None:
    names = ["有 空格.txt", "花{括}号.txt", "中文.txt", "单引'$x[y].txt"]
    for name in names:
        (tmp_path / name).write_text("x", encoding="utf-8")
    folder = tmp_path / "夹"
    folder.mkdir()
    (folder / "里面.txt").write_text("x", encoding="utf-8")
    drag = drags.start(URIS, _uris(*(tmp_path / name for name in names), folder))
    hint = window.incoming.drop.hint if window.incoming.drop else None
    assert hint is not None
    assert hint.canvas is not None
    wait_until(window.root, hint.canvas.winfo_ismapped)
    drained(window, network)
    assert window.status.label.cget("text") == "松开即发送"
    drag.drop()
    wait_until(window.root, lambda: network.named("send_files"))
    assert network.named("send_files") == [([*(tmp_path / name for name in names), folder / "里面.txt"],)]
    assert not hint.canvas.winfo_ismapped()
    drained(window, network)
    assert window.status.label.cget("text") != "松开即发送"


def test_离开就收起提示_什么都不发_焦点回到输入框(
    window: Window, network: HandFedNetwork, drags: Drags, tmp_path: Path
) -> None:
    window.composer.entry.focus_force()
    window.root.update()
    drags.start(URIS, _uris(tmp_path)).leave()
    hint = window.incoming.drop.hint if window.incoming.drop else None
    assert hint is not None
    assert hint.canvas is not None
    assert not hint.canvas.winfo_ismapped()
    assert network.named("send_files") == []
    wait_until(window.root, lambda: window.root.focus_get() is window.composer.entry)


def test_来源崩溃了_提示见到鼠标就收起(
    window: Window, network: HandFedNetwork, drags: Drags, tmp_path: Path
) -> None:
    drags.start(URIS, _uris(tmp_path)).end()
    drop = window.incoming.drop
    assert drop is not None
    assert drop.hint.canvas is not None
    wait_until(window.root, drop.hint.canvas.winfo_ismapped)
    drop.hint.canvas.event_generate("<Motion>", x=5, y=5)
    wait_until(window.root, lambda: not drop.hovering)
    # 以后照样能拖
    drags.start(URIS, _uris(tmp_path / "没有")).drop()
    wait_until(window.root, lambda: network.named("send_files") == [([tmp_path / "没有"],)])


def test_空文件夹说一声(window: Window, network: HandFedNetwork, drags: Drags, tmp_path: Path) -> None:
    drags.start(URIS, _uris(tmp_path)).drop()
    wait_until(window.root, lambda: window.status.label.cget("text") == "文件夹里没有可以发送的文件")
    assert network.named("send_files") == []


def test_文字与网页链接放进输入框(window: Window, network: HandFedNetwork, drags: Drags) -> None:
    window.composer.entry.insert(0, "看: ")
    drags.start(TEXT, "第一行\n第二行").drop()
    assert window.composer.entry.get() == "看: 第一行 第二行"
    window.composer.entry.delete(0, "end")
    drags.start(URIS, "https://example.com/a%20b").drop()
    assert window.composer.entry.get() == "https://example.com/a%20b"
    assert network.named("send_files") == []


def test_没有tkdnd_窗口照常(
    desktop: Desktop, network: HandFedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None: 引用它就是 ImportError
    monkeypatch.setitem(sys.modules, "tkinterdnd2.TkinterDnD", None)
    opened = desktop.open(network)
    assert opened.incoming.drop is not None
    assert not opened.incoming.drop.works
    opened.composer.entry.insert(0, "你好")
    opened.composer.submit()
    assert network.named("send_text")[0][1] == "你好"
