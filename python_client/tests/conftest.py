"""共用的支架: 每个测试要真服务器时得到自己的一个。"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

import pytest

from .display import Display
from .files import empty
from .server import SluiceServer

if TYPE_CHECKING:
    from ..ui.window import Window
    from .tk_display import Desktop, HandFedNetwork


def pytest_configure() -> None:
    # 在后台运行 (npm test &) 时 SIGINT 被忽略, 子进程也继承: 恢复, 否则 Ctrl+C 的测试等不到头
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def server() -> Iterator[SluiceServer]:
    with SluiceServer() as running:
        yield running


@pytest.fixture(scope="module")
def shared_server() -> Iterator[SluiceServer]:
    """一个文件里的测试共用: 只给不停它, 也不在乎从前有过什么消息的测试。"""
    with SluiceServer() as running:
        yield running


@pytest.fixture
def emptied_server(shared_server: SluiceServer) -> SluiceServer:
    """共用的那一个: 正在运行, 没有已发布的与未完成的文件。"""
    shared_server.ensure_running()
    empty(shared_server)
    return shared_server


@pytest.fixture(scope="session")
def display() -> Iterator[None]:
    """整次运行共用一个 Xvfb; 用到窗口的测试才启动。"""
    before = os.environ.get("DISPLAY")
    if shutil.which("Xvfb") is None:
        if sys.platform == "linux" and before is None:
            pytest.skip("没有 Xvfb, 也没有显示器")
        yield
        return
    running = Display()
    os.environ["DISPLAY"] = running.name
    yield
    running.stop()
    os.environ.pop("DISPLAY")
    if before is not None:
        os.environ["DISPLAY"] = before


@pytest.fixture
def desktop(display: None) -> Iterator[Desktop]:
    from .tk_display import Desktop

    with Desktop() as running:
        yield running


@pytest.fixture
def network() -> HandFedNetwork:
    """没有服务器的窗口测试: 事件由测试放进去。"""
    from .tk_display import HandFedNetwork

    return HandFedNetwork()


@pytest.fixture
def window(desktop: Desktop, network: HandFedNetwork) -> Window:
    """已加入的窗口, 在线的还有李四。"""
    from .sample import joined
    from .tk_display import drained

    opened = desktop.open(network)
    network.put(*joined("李四"))
    drained(opened, network)
    return opened


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """下载到的文件夹。"""
    folder = tmp_path / "下载"
    folder.mkdir()
    return folder
