"""粘贴: 剪贴板由另一个进程拥有 (真的 X11), 里面是文字, 文件或截图。"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator

import pytest
from PIL import Image

from ..model.events import TransferChanged, TransferRemoved
from ..model.transfers import DONE, FAILED, MOVING, UP, Transfer
from ..ui.pasted_pictures import KEEP_S
from ..ui.window import Window
from .paths import ROOT
from .tk_display import DEADLINE_S, Desktop, HandFedNetwork, drained, wait_until

TEXT = "UTF8_STRING"
URIS = "text/uri-list"


@pytest.fixture
def window(desktop: Desktop, network: HandFedNetwork, tmp_path: Path) -> Window:
    opened = desktop.open(network)
    if opened.root.tk.call("tk", "windowingsystem") != "x11":
        pytest.skip("剪贴板的主人只会写 X11 的")
    opened.incoming.use_folder(tmp_path / "配置")
    return opened


class Clipboard:
    """换主人; 结束时放开。"""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._owner: subprocess.Popen[str] | None = None

    def set(self, *offered: str) -> None:
        """类型, 内容, 类型, 内容 ..."""
        self.clear()
        self._owner = subprocess.Popen(
            [sys.executable, "-m", "python_client.tests.clipboard_owner", *offered],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self._owner.stdout is not None
        assert self._owner.stdout.readline() == "ready\n"

    def paste(self) -> None:
        self._window.composer.entry.focus_force()
        # 前面的测试复制过时, 收下换了主人的通知: 否则 Tk 还给自己的
        self._window.root.update()
        self._window.composer.entry.event_generate("<<Paste>>")
        self._window.root.update()

    def clear(self) -> None:
        if self._owner is not None:
            self._owner.kill()
            self._owner.wait(DEADLINE_S)
            assert self._owner.stdout is not None
            self._owner.stdout.close()
            self._owner = None


@pytest.fixture
def clipboard(window: Window) -> Iterator[Clipboard]:
    made = Clipboard(window)
    yield made
    made.clear()


def _picture(kind: str = "PNG") -> bytes:
    encoded = io.BytesIO()
    Image.new("RGB", (8, 8), "#0a6c74").save(encoded, kind)
    return encoded.getvalue()


def _hex(data: bytes) -> str:
    return " ".join(f"0x{byte:02x}" for byte in data)


def _sent(window: Window, network: HandFedNetwork) -> list[Path]:
    """唯一的一次发送里的文件。"""
    ((paths,),) = wait_until(window.root, lambda: network.named("send_files"))
    return list(paths)


def test_文字照常粘贴_换行成空格_光标在后面(window: Window, clipboard: Clipboard) -> None:
    entry = window.composer.entry
    entry.insert(0, "前后")
    entry.icursor(1)
    clipboard.set(TEXT, "一\n二\n")
    clipboard.paste()
    assert entry.get() == "前一 二 后"
    assert entry.index("insert") == 5
    # 选中的照常被替换
    entry.selection_range(0, "end")
    clipboard.set(TEXT, "整行")
    clipboard.paste()
    assert entry.get() == "整行"


def test_中键粘贴的换行也成空格(window: Window) -> None:
    entry = window.composer.entry
    window.root.selection_handle(lambda *_: "一\n二", selection="PRIMARY", type=TEXT, format=TEXT)
    window.root.selection_own(selection="PRIMARY")
    entry.event_generate("<Button-2>", x=5, y=5)
    entry.event_generate("<ButtonRelease-2>", x=5, y=5)
    wait_until(window.root, entry.get)
    window.root.update()
    assert entry.get() == "一 二"


@pytest.mark.parametrize("kind", [URIS, "x-special/gnome-copied-files"])
def test_文件管理器里复制的文件_发送而不是粘贴路径(
    window: Window, network: HandFedNetwork, clipboard: Clipboard, tmp_path: Path, kind: str
) -> None:
    paths = [tmp_path / "有 空格{}.txt", tmp_path / "中文.txt"]
    for path in paths:
        path.write_text("x", encoding="utf-8")
    uris = "\n".join(("copy", *(path.as_uri() for path in paths)))
    clipboard.set(kind, uris, TEXT, "\n".join(map(str, paths)))
    clipboard.paste()
    assert _sent(window, network) == paths
    assert window.composer.entry.get() == ""


def test_以字节给出的文件地址(
    window: Window, network: HandFedNetwork, clipboard: Clipboard, tmp_path: Path
) -> None:
    path = tmp_path / "文.txt"
    path.write_text("x", encoding="utf-8")
    clipboard.set(URIS, _hex(f"{path.as_uri()}\r\n".encode()))
    clipboard.paste()
    assert _sent(window, network) == [path]


def test_复制的网页链接是文字(window: Window, network: HandFedNetwork, clipboard: Clipboard) -> None:
    clipboard.set(URIS, "https://example.com/a", TEXT, "https://example.com/a")
    clipboard.paste()
    assert window.composer.entry.get() == "https://example.com/a"
    assert network.named("send_files") == []


@pytest.fixture
def _without_helpers(monkeypatch: pytest.MonkeyPatch) -> None:
    """这台机器上有没有装 xclip 都一样。"""
    monkeypatch.setattr("python_client.ui.paste._helper", lambda _: [])


@pytest.mark.usefixtures("_without_helpers")
@pytest.mark.parametrize(("target", "kind"), [("image/png", "PNG"), ("image/bmp", "BMP")])
def test_截图存成PNG再发送(
    window: Window, network: HandFedNetwork, clipboard: Clipboard, tmp_path: Path, target: str, kind: str
) -> None:
    clipboard.set(target, _hex(_picture(kind)))
    clipboard.paste()
    (path,) = _sent(window, network)
    assert path.parent == tmp_path / "配置" / "pasted"
    assert re.fullmatch(r"截图 \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.png", path.name)
    with Image.open(path) as image:
        assert (image.format, image.size, image.getpixel((0, 0))) == ("PNG", (8, 8), (10, 108, 116))


def test_文字与图片都有时是文字(window: Window, network: HandFedNetwork, clipboard: Clipboard) -> None:
    clipboard.set(TEXT, "表格", "image/png", _hex(_picture()))
    clipboard.paste()
    assert window.composer.entry.get() == "表格"
    assert network.named("send_files") == []


@pytest.mark.usefixtures("_without_helpers")
def test_坏的图片说一声_不留下文件(
    window: Window, network: HandFedNetwork, clipboard: Clipboard, tmp_path: Path
) -> None:
    clipboard.set("image/png", _hex(b"not a picture"))
    clipboard.paste()
    wait_until(window.root, lambda: "读不出来" in window.status.label.cget("text"))
    assert network.named("send_files") == []
    assert list(tmp_path.glob("配置/pasted/*")) == []


def test_Tk取不来的图片_也没有别的办法时说一声(window: Window, clipboard: Clipboard) -> None:
    clipboard.set("image/png", "refuse")
    clipboard.paste()
    wait_until(window.root, lambda: window.status.label.cget("text").startswith("没有粘贴成"))


def test_空的剪贴板_什么都不发生(window: Window, network: HandFedNetwork, clipboard: Clipboard) -> None:
    clipboard.paste()
    assert window.composer.entry.get() == ""
    assert network.named("send_files") == []


def _upload(number: int, path: Path, state: str) -> TransferChanged:
    return TransferChanged(Transfer(str(number), UP, path.name, 10, state, path=str(path)))


def test_传完或移除之后删掉图片_失败的留着重试(
    window: Window, network: HandFedNetwork, tmp_path: Path
) -> None:
    done, failed = (window.incoming.pictures.save_encoded(_picture()) for _ in range(2))
    assert done != failed
    own = tmp_path / "截图 自己的.png"
    own.write_bytes(b"x")
    network.put(_upload(1, done, MOVING), _upload(2, failed, FAILED), _upload(3, own, DONE))
    drained(window, network)
    assert done.exists()
    network.put(_upload(1, done, DONE))
    wait_until(window.root, lambda: not done.exists())
    assert failed.exists()
    # 同一张又加了一遍: 旧的那项让位
    network.put(_upload(4, failed, MOVING), TransferRemoved("2"))
    drained(window, network)
    assert failed.exists()
    network.put(TransferRemoved("4"))
    wait_until(window.root, lambda: not failed.exists())
    # 用户自己的文件从不删
    network.put(TransferRemoved("3"))
    drained(window, network)
    assert own.exists()


def test_启动时删掉一天以前留下的图片(window: Window, tmp_path: Path) -> None:
    pictures = window.incoming.pictures
    old, new = (pictures.save_encoded(_picture()) for _ in range(2))
    other = old.with_name("别的.png")
    other.write_bytes(b"x")
    long_ago = time.time() - KEEP_S - 60
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    pictures.use_folder(tmp_path / "配置")
    wait_until(window.root, lambda: not old.exists())
    assert new.exists()
    assert other.exists()


def test_没有配置文件夹_图片放在临时的里_关窗口时删掉(desktop: Desktop, network: HandFedNetwork) -> None:
    window = desktop.open(network)
    window.incoming.use_folder(None)
    path = window.incoming.pictures.save_encoded(_picture())
    assert path.exists()
    network.put(_upload(1, path, MOVING))
    drained(window, network)
    window.close()
    assert not path.parent.exists()
