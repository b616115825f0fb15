"""启动: 问名字的循环走真的 simpledialog, 名字有了才有界面; 被拒再问。"""

from __future__ import annotations

import os
import signal
import sys
import tkinter
from pathlib import Path
from typing import Any, Callable

import pytest

from ..model.events import NameRefused
from ..protocol.address import ServerAddress
from ..ui import start
from ..ui.start import WindowOptions, run_with
from .sample import joined
from .tk_display import Desktop, HandFedNetwork, Script


class Started:
    """记下网络何时, 以什么名字建立。"""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.remembered: list[str] = []
        self.network = HandFedNetwork()

    def make(self, name: str) -> HandFedNetwork:
        self.names.append(name)
        return self.network

    def run(self, name: str | None = None, suggested: str = "") -> int:
        address = ServerAddress("http://127.0.0.1:3000")
        options = WindowOptions(address, name, None, suggested, self.remembered.append)
        return run_with(options, self.make)


def _dialog(root: tkinter.Tk) -> Callable[[], Any]:
    """条件: simpledialog 开着; 值是它。"""

    def find() -> Any:
        found = [child for child in root.winfo_children() if child.winfo_class() == "Toplevel"]
        return found[0] if found and found[0].winfo_viewable() else None

    return find


def _words(widget: tkinter.Misc) -> str:
    own = str(widget.cget("text")) if widget.winfo_class() == "Label" else ""
    return own + "".join(_words(child) for child in widget.winfo_children())


def _answer(dialog: Any, written: str) -> None:
    entry = dialog.entry
    entry.delete(0, "end")
    entry.insert(0, written)
    dialog.ok()


def _close(root: tkinter.Tk) -> None:
    root.tk.call(root.protocol("WM_DELETE_WINDOW"))


def test_空的与不合规则的都再问_合法了才建立界面(desktop: Desktop) -> None:
    started = Started()

    def script(root: tkinter.Tk) -> Script:
        dialog = yield _dialog(root)
        assert dialog.entry.get() == "上次的名字"
        for written, reason in (("   ", "不能为空"), ("一" * 33, "至多 32"), ("换\n行\u202e", "控制字符")):
            _answer(dialog, written)
            dialog = yield _dialog(root)
            assert reason in _words(dialog)
            # 问的时候没有界面, 也没有网络
            assert root.winfo_viewable() == 0
            assert (started.names, len(root.winfo_children())) == ([], 1)
        _answer(dialog, "  张三  ")
        yield lambda: root.winfo_viewable()
        started.network.put(*joined())
        yield lambda: started.remembered
        _close(root)

    desktop.play(script)
    assert started.run(suggested="上次的名字") == start.OK
    assert (started.names, started.remembered) == (["张三"], ["张三"])
    assert [item[0] for item in started.network.done if item[0] in ("start", "stop")] == ["start", "stop"]


def test_取消就结束_什么都没有建立(desktop: Desktop) -> None:
    started = Started()

    def script(root: tkinter.Tk) -> Script:
        dialog = yield _dialog(root)
        dialog.cancel()

    desktop.play(script)
    assert started.run() == start.OK
    assert started.names == []


def test_命令行给了合法的名字就不问(desktop: Desktop) -> None:
    started = Started()

    def script(root: tkinter.Tk) -> Script:
        yield lambda: root.winfo_viewable()
        assert _dialog(root)() is None
        _close(root)

    desktop.play(script)
    assert started.run(name="李四") == start.OK
    assert started.names == ["李四"]


def test_名字被服务器拒绝_说明原因再问_取消就结束(desktop: Desktop) -> None:
    started = Started()

    def script(root: tkinter.Tk) -> Script:
        yield lambda: root.winfo_viewable()
        started.network.put(NameRefused("name_taken", "名字已被使用", "张三", "张三2"))
        dialog = yield _dialog(root)
        assert "名字已被使用" in _words(dialog)
        assert dialog.entry.get() == "张三2"
        # 对话框开着, 事件照样处理
        started.network.put(*joined("李四", name="临时"))
        yield lambda: started.remembered
        dialog.ok()
        yield lambda: started.network.named("rename") == [("张三2",)]
        started.network.put(NameRefused("name_taken", "名字已被使用", "张三2"))
        dialog = yield _dialog(root)
        dialog.cancel()

    desktop.play(script)
    assert started.run(name="张三") == start.OK
    assert ("stop",) in started.network.done


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_问名字时在终端里按了CtrlC_程序结束(desktop: Desktop, number: signal.Signals) -> None:
    started = Started()
    before = signal.getsignal(number)

    def script(root: tkinter.Tk) -> Script:
        yield _dialog(root)
        os.kill(os.getpid(), number)

    desktop.play(script)
    assert started.run() == 128 + number
    assert started.names == []
    assert signal.getsignal(number) == before


def test_窗口开着时CtrlC_先停下网络_对话框开着也一样(desktop: Desktop) -> None:
    for refused in (False, True):
        started = Started()

        def script(root: tkinter.Tk, started: Started = started, refused: bool = refused) -> Script:
            yield lambda: root.winfo_viewable()
            if refused:
                started.network.put(NameRefused("name_taken", "名字已被使用", "张三"))
                yield _dialog(root)
            os.kill(os.getpid(), signal.SIGINT)

        desktop.play(script)
        assert started.run(name="张三") == 130
        assert ("stop",) in started.network.done


@pytest.mark.skipif(sys.platform != "linux", reason="别的系统用系统的对话框")
def test_选文件的对话框开着时CtrlC_安静地结束(desktop: Desktop) -> None:
    started = Started()

    def script(root: tkinter.Tk) -> Script:
        yield lambda: root.winfo_viewable()
        root.after(0, lambda: root.event_generate("<Control-o>"))
        yield lambda: root.tk.eval("winfo exists .__tk_filedialog") == "1"
        os.kill(os.getpid(), signal.SIGINT)

    desktop.play(script)
    # 有没有回调的异常由 desktop 检查
    assert started.run(name="张三") == 130


def test_没有显示器_一行中文与退出码(
    display: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if os.name == "nt":
        pytest.skip("Windows 总有桌面")
    monkeypatch.setenv("DISPLAY", ":98765")
    started = Started()
    assert started.run(name="张三") == start.NO_DISPLAY
    said = capsys.readouterr().err
    assert "没有图形界面" in said
    assert "Traceback" not in said
