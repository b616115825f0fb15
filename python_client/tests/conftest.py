"""共用的支架: 每个测试要真服务器时得到自己的一个。"""

from __future__ import annotations

from typing import Iterator

import pytest

from .server import SluiceServer


@pytest.fixture
def server() -> Iterator[SluiceServer]:
    with SluiceServer() as running:
        yield running


@pytest.fixture(scope="module")
def shared_server() -> Iterator[SluiceServer]:
    """一个文件里的测试共用: 只给不停它, 也不在乎从前有过什么消息的测试。"""
    with SluiceServer() as running:
        yield running
