"""传输区: 没有传输时收起; 只有看得见的几行有部件, 滚动时换内容, 一千项也不慢。"""

from __future__ import annotations

import tkinter
from tkinter import ttk
from typing import Callable

from ..model import transfers
from ..model.transfers import Transfer
from . import palette
from .theme import Theme
from .transfer_row import TransferActions, TransferRow
from .transfer_text import summary_text

# 同时看得见的行数; 窗口每高出这么多行字才多画一行, 聊天记录才看得见
MAX_ROWS = 4
_LINES_PER_ROW = 15


class TransferPanel:
    """put 与 remove 只记下; show 每轮末尾画一次。"""

    def __init__(
        self,
        parent: tkinter.Misc,
        theme: Theme,
        actions: TransferActions,
        clear_finished: Callable[[], None],
    ) -> None:
        self._items: dict[str, Transfer] = {}
        # 画的次序; 完成的排在最后
        self._order: list[str] = []
        self._offset = 0
        self._dirty = False
        self._most_rows = MAX_ROWS
        self._line_height = theme.line_height
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(0, weight=1)
        card = ttk.Frame(self.frame, style="Card.TFrame")
        card.grid(row=0, column=0, sticky="we", padx=palette.PAD, pady=palette.PAD)
        card.columnconfigure(0, weight=1)
        head = ttk.Frame(card, style="Card.TFrame")
        head.grid(row=0, column=0, columnspan=2, sticky="we", padx=palette.PAD, pady=palette.PAD)
        head.columnconfigure(0, weight=1)
        self.summary = ttk.Label(head, style="CardMuted.TLabel")
        self.summary.grid(row=0, column=0, sticky="w", padx=palette.PAD, pady=palette.PAD)
        self.clear = ttk.Button(head, text="清除完成的", style="Small.TButton", command=clear_finished)
        self.clear.grid(row=0, column=1, padx=palette.PAD, pady=palette.PAD)
        self.rows = [TransferRow(card, theme, actions) for _ in range(MAX_ROWS)]
        self._bar = ttk.Scrollbar(card, orient="vertical", command=self._scrolled)
        self._wheel()

    @property
    def items(self) -> list[Transfer]:
        return list(self._items.values())

    def put(self, transfer: Transfer) -> None:
        if transfer.id not in self._items:
            self._order.append(transfer.id)
        self._items[transfer.id] = transfer
        self._dirty = True

    def remove(self, transfer_id: str) -> None:
        if self._items.pop(transfer_id, None) is not None:
            self._order.remove(transfer_id)
            self._dirty = True

    def fit_height(self, window_height: int) -> None:
        """窗口矮时少画几行, 聊天记录才看得见。"""
        rows = max(1, min(MAX_ROWS, window_height // (_LINES_PER_ROW * self._line_height)))
        if rows != self._most_rows:
            self._most_rows = rows
            self._dirty = True

    def show(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        if not self._items:
            self.frame.grid_remove()
            return
        self.frame.grid()
        self._sort()
        self.summary.configure(text=summary_text(self.items))
        if any(item.state == transfers.DONE for item in self._items.values()):
            self.clear.grid()
        else:
            self.clear.grid_remove()
        self._show_rows()

    def _sort(self) -> None:
        # 鼠标在上面时不换次序: 正要点的按钮不能变成别的文件的
        x, y = self.frame.winfo_pointerxy()
        under = self.frame.winfo_containing(x, y)
        if under is None or not str(under).startswith(str(self.frame)):
            # 稳定的排序: 其余的保持加入的先后
            self._order.sort(key=lambda item: self._items[item].state == transfers.DONE)

    def _show_rows(self) -> None:
        count = min(len(self._order), self._most_rows)
        self._offset = max(0, min(self._offset, len(self._order) - count))
        for place, row in enumerate(self.rows):
            if place < count:
                row.show(self._items[self._order[self._offset + place]])
                row.frame.grid(row=1 + place, column=0, sticky="we", padx=palette.PAD, pady=palette.PAD)
            else:
                row.frame.grid_remove()
        total = len(self._order)
        if total > count:
            self._bar.set(self._offset / total, (self._offset + count) / total)
            self._bar.grid(row=1, column=1, rowspan=count, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        else:
            self._bar.grid_remove()

    def _scrolled(self, how: str, amount: str, what: str = "") -> None:
        if how == "moveto":
            self._offset = round(float(amount) * len(self._order))
        else:
            self._offset += int(amount) * (self._most_rows if what == "pages" else 1)
        self._show_rows()

    def _wheel(self) -> None:
        def turn(rows: int) -> None:
            self._offset += rows
            self._show_rows()

        # 滚轮的事件到不了父部件: 用一个共同的 bindtag
        tag = f"wheel{self.frame}"
        for widget in _descendants(self.frame):
            widget.bindtags((*widget.bindtags(), tag))
        self.frame.bind_class(tag, "<Button-4>", lambda _: turn(-1))
        self.frame.bind_class(tag, "<Button-5>", lambda _: turn(1))
        self.frame.bind_class(tag, "<MouseWheel>", lambda event: turn(-1 if event.delta > 0 else 1))


def _descendants(widget: tkinter.Misc) -> list[tkinter.Misc]:
    found = [widget]
    for child in widget.winfo_children():
        found += _descendants(child)
    return found
