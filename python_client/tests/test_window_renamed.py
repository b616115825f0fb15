"""改了名的上传: 窗口的一行写最后的名字, 并说原名; 真的 Tk。"""

from __future__ import annotations

from ..model.events import TransferChanged
from ..model.transfers import DONE, MOVING, UP, Transfer
from .sample import joined
from .tk_display import Desktop, HandFedNetwork, drained


def test_一行里是最后的名字_并说原名(desktop: Desktop, network: HandFedNetwork) -> None:
    window = desktop.open(network)
    network.put(*joined("李四"))
    before = Transfer("1", UP, '报告 "终".txt', 12_345, MOVING)
    network.put(TransferChanged(before))
    drained(window, network)
    row = window.transfers.rows[0]
    assert row.name.cget("text") == '报告 "终".txt'
    renamed = '报告 "终".txt'
    done = Transfer("1", UP, "报告 _终_.txt", 12_345, DONE, 12_345, renamed_from=renamed)
    plain = Transfer("2", UP, "普通.txt", 1000, DONE, 1000)
    network.put(TransferChanged(done), TransferChanged(plain))
    drained(window, network)
    assert row.name.cget("text") == "报告 _终_.txt"
    assert f"文件名已改为此名, 原名 {renamed}" in row.hint.cget("text")
    assert row.hint.winfo_ismapped()
    assert not window.transfers.rows[1].hint.winfo_ismapped()
