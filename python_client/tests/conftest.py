"""共用的支架: 每个测试要真服务器时得到自己的一个。"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Iterator

import pytest

from .display import Display
from .server import SluiceServer

if TYPE_CHECKING:
    from .tk_display import Desktop


@pytest.fixture
def server() -> Iterator[SluiceServer]:
    with SluiceServer() as running:
        yield running


@pytest.fixture(scope="module")
def shared_server() -> Iterator[SluiceServer]:
    """一个文件里的测试共用: 只给不停它, 也不在乎从前有过什么消息的测试。"""
    with SluiceServer() as running:
        yield running


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
