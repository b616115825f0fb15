"""界面各处的外边距都是 padx=5, pady=5: 主窗口, 传输区的各行, 搜索窗口, 一个部件也不漏。"""

from __future__ import annotations

import tkinter
from typing import Iterator

from ..model.events import FilesLoaded, PresenceChanged, TransferChanged
from ..model.transfers import DONE, DOWN, FAILED, MOVING, PAUSED, Transfer, TransferError
from ..ui.window import Window
from .sample import arrived, picture, text, upload
from .tk_display import HandFedNetwork, drained, wait_until


def _managed(widget: tkinter.Misc) -> Iterator[tkinter.Widget]:
    for child in widget.winfo_children():
        # 下拉的菜单与顶层窗口由窗口管理器放, 分栏里的由分栏放, 提示盖在上面 (place)
        if isinstance(child, tkinter.Widget) and child.winfo_manager() in ("grid", "pack"):
            yield child
        yield from _managed(child)


def _paddings(widget: tkinter.Widget) -> tuple[str, str]:
    info = widget.grid_info() if widget.winfo_manager() == "grid" else widget.pack_info()
    return str(info["padx"]), str(info["pady"])


def test_每一个部件的外边距都是五(window: Window, network: HandFedNetwork) -> None:
    network.put(*arrived(*(text(seq, f"第 {seq} 条") for seq in range(1, 60)), picture(60)))
    # 全都露出来: 更早的文件, 放不下的名单, 各种状态的传输
    network.put(FilesLoaded((), True), PresenceChanged(tuple(f"用户{number}" for number in range(600)), ()))
    for number, state in enumerate((MOVING, PAUSED, DONE)):
        network.put(TransferChanged(upload(number, state)))
    network.put(TransferChanged(Transfer("下", DOWN, "好.pdf", 10, DONE, 10, path="/tmp/好.pdf")))
    network.put(
        TransferChanged(Transfer("坏", DOWN, "坏.pdf", 10, FAILED, error=TransferError("changed", "改过")))
    )
    window.root.geometry("1200x890+0+0")
    window.open_search()
    wait_until(window.root, window.search.top.winfo_viewable)
    drained(window, network)
    seen = {str(widget): _paddings(widget) for widget in _managed(window.root)}
    rows = [row.frame for row in window.transfers.rows if row.frame.winfo_ismapped()]
    assert len(rows) >= 2
    for widget in (*rows, window.composer.frame, window.status.frame, window.search.entry):
        assert str(widget) in seen
    assert {name: padding for name, padding in seen.items() if padding != ("5", "5")} == {}
