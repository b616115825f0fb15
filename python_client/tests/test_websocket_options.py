"""连接的选项。"""

from __future__ import annotations

from ..net.websocket_options import connect_options


def test_连接的选项每次一份() -> None:
    options = connect_options()
    options["max_size"] = 1
    assert "max_size" not in connect_options()
    assert options.get("proxy") is None
