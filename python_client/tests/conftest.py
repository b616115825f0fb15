"""共用的支架: 每个测试要真服务器时得到自己的一个。"""

from __future__ import annotations

from typing import Iterator

import pytest

from .server import SluiceServer


@pytest.fixture
def server() -> Iterator[SluiceServer]:
    with SluiceServer() as running:
        yield running
