"""连接状态的那一行怎么说。"""

from __future__ import annotations

from ..model.connection import ONLINE, STOPPED, WAITING, ConnectionState
from ..protocol.messages import CloseReason
from ..ui.status_bar import describe


def test_状态栏的一句_原因_倒计时_会不会自己重连() -> None:
    assert describe(ConnectionState(ONLINE), 0) == "已连接"
    waiting = describe(ConnectionState(WAITING, 107.2, CloseReason(1001, "stopping")), 100)
    assert waiting.startswith("服务器正在重启; 8 秒后重连")
    assert describe(ConnectionState(STOPPED, None, CloseReason(4012, "replaced")), 0).endswith("不会自动重连")
    # 从来没有连上: 说检查地址, 不许诺会发出
    wrong = describe(ConnectionState(STOPPED, None, CloseReason(1006, "refused HTTP 404")), 0, False)
    assert "HTTP 404" in wrong and "请确认地址" in wrong
    never = describe(ConnectionState(WAITING, 5.0, CloseReason(1006, "unreachable")), 0, False)
    assert never == "连不上服务器, 请检查网络与地址; 5 秒后再试"
