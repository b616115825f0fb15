"""服务器此刻收不下的一句, 窗口里怎么说; 真的磁盘见 test_disk_trouble.py。"""

from __future__ import annotations

from ..model.events import WAITING_SERVER, MessageArrived, OutboxChanged
from ..ui.window import Window
from .sample import text
from .tk_display import HandFedNetwork, drained, shown


def test_窗口_此刻收不下的一句说明原因_收下之后只剩正式的一条(
    window: Window, network: HandFedNetwork
) -> None:
    network.put(OutboxChanged("c1", "等着的一句", WAITING_SERVER, "磁盘此刻读写不了 (EROFS)"))
    drained(window, network)
    assert "服务器此刻收不下, 过会儿自动再发: 磁盘此刻读写不了 (EROFS)" in shown(window)
    assert "发送失败" not in shown(window)
    network.put(MessageArrived(text(1, "等着的一句", "张三"), True, "c1"))
    drained(window, network)
    assert shown(window).count("等着的一句") == 1
    assert "收不下" not in shown(window)
