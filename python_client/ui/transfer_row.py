"""传输区的一行: 名字, 进度条, 百分比, 状态与按钮; 换一项显示时部件不重建。"""

from __future__ import annotations

import tkinter
from tkinter import ttk
from typing import Callable, Protocol

from ..model import transfers
from ..model.human_text import safe_name
from ..model.transfers import Transfer
from . import palette
from .file_name import fit
from .theme import Theme
from .transfer_text import percent_of, renamed_text, state_text

_BARS = {transfers.DONE: "Good", transfers.FAILED: "Bad", transfers.PAUSED: "Idle", transfers.WAITING: "Idle"}


class TransferActions(Protocol):
    def pause(self, transfer: Transfer) -> None: ...

    def resume(self, transfer: Transfer) -> None: ...

    def cancel(self, transfer: Transfer) -> None: ...

    def open(self, transfer: Transfer) -> None: ...

    def reveal(self, transfer: Transfer) -> None: ...


class TransferRow:
    """show 换成另一项或新的快照; 没有变的部件不碰。"""

    def __init__(self, parent: tkinter.Misc, theme: Theme, actions: TransferActions) -> None:
        self._theme = theme
        self._actions = actions
        self._transfer: Transfer | None = None
        # 正在显示的按钮; 与上次相同就不动, 免得鼠标下的按钮闪烁
        self._visible: tuple[str, ...] = ()
        self.frame = ttk.Frame(parent, style="Card.TFrame")
        self.frame.columnconfigure(1, weight=3, uniform="half")
        self.frame.columnconfigure(2, weight=2, uniform="half")
        self._arrow = ttk.Label(self.frame, style="Card.TLabel")
        self.name = ttk.Label(self.frame, style="Card.TLabel", width=1)
        self.detail = ttk.Label(self.frame, style="CardMuted.TLabel", width=1)
        # 服务器改了名字才露出来
        self.hint = ttk.Label(self.frame, style="CardHint.TLabel", width=1)
        self.bar = ttk.Progressbar(self.frame, maximum=100, style="Move.Horizontal.TProgressbar")
        self.percent = ttk.Label(self.frame, style="CardMuted.TLabel", width=5, anchor="e")
        self._arrow.grid(row=0, column=0, rowspan=3, padx=palette.PAD, pady=palette.PAD)
        self.name.grid(row=0, column=1, columnspan=1, sticky="we", padx=palette.PAD, pady=palette.PAD)
        self.bar.grid(row=0, column=2, sticky="we", padx=palette.PAD, pady=palette.PAD)
        self.percent.grid(row=0, column=3, padx=palette.PAD, pady=palette.PAD)
        self.detail.grid(row=1, column=1, columnspan=3, sticky="we", padx=palette.PAD, pady=palette.PAD)
        self.hint.grid(row=2, column=1, columnspan=3, sticky="we", padx=palette.PAD, pady=palette.PAD)
        self.hint.grid_remove()
        box = ttk.Frame(self.frame, style="Card.TFrame")
        box.grid(row=0, column=4, rowspan=3, sticky="e", padx=palette.PAD, pady=palette.PAD)
        self.buttons = self._make_buttons(box)
        # 只有一个按钮的行也留出两个的位置: 各行的进度条才对得齐
        pair = sum(self.buttons[label].winfo_reqwidth() + 2 * palette.PAD for label in ("暂停", "取消"))
        self.frame.columnconfigure(4, minsize=pair + 2 * palette.PAD)
        self.name.bind("<Configure>", lambda _: self._fit_name())

    @property
    def transfer(self) -> Transfer | None:
        return self._transfer

    def show(self, transfer: Transfer) -> None:
        before, self._transfer = self._transfer, transfer
        if before == transfer:
            return
        if before is None or before.name != transfer.name:
            self._fit_name()
        upwards = transfer.direction == transfers.UP
        self._arrow.configure(image=self._theme.arrow(palette.ACCENT, upwards))
        percent = percent_of(transfer)
        bar = _BARS.get(transfer.state, "Move")
        self.bar.configure(value=percent, style=f"{bar}.Horizontal.TProgressbar")
        self.percent.configure(text=f"{percent} %")
        failed = transfer.state == transfers.FAILED
        self.detail.configure(
            text=state_text(transfer), style="CardBad.TLabel" if failed else "CardMuted.TLabel"
        )
        self._show_hint(renamed_text(transfer))
        self._show_buttons(_buttons_of(transfer))

    def _show_hint(self, text: str) -> None:
        self.hint.configure(text=text)
        if text:
            self.hint.grid()
        else:
            self.hint.grid_remove()

    def _make_buttons(self, box: tkinter.Misc) -> dict[str, ttk.Button]:
        actions: dict[str, Callable[[Transfer], None]] = {
            "暂停": self._actions.pause,
            "继续": self._actions.resume,
            "重试": self._actions.resume,
            "打开": self._actions.open,
            "所在文件夹": self._actions.reveal,
            "取消": self._actions.cancel,
            "移除": self._actions.cancel,
        }
        return {
            label: ttk.Button(box, text=label, style="Small.TButton", command=self._presser(action))
            for label, action in actions.items()
        }

    def _presser(self, action: Callable[[Transfer], None]) -> Callable[[], None]:
        def press() -> None:
            if self._transfer is not None:
                action(self._transfer)

        return press

    def _show_buttons(self, labels: tuple[str, ...]) -> None:
        if labels == self._visible:
            return
        self._visible = labels
        for button in self.buttons.values():
            button.grid_remove()
        for column, label in enumerate(labels):
            self.buttons[label].grid(row=0, column=column, padx=palette.PAD, pady=palette.PAD)

    def _fit_name(self) -> None:
        if self._transfer is not None:
            width = self.name.winfo_width() - 4
            self.name.configure(text=fit(safe_name(self._transfer.name), self._theme.normal, max(40, width)))


def _buttons_of(transfer: Transfer) -> tuple[str, ...]:
    if transfer.state == transfers.DONE:
        # 上传的打开链接, 下载的打开文件
        reveal = ("所在文件夹",) if transfer.direction == transfers.DOWN else ()
        return ("打开", *reveal, "移除")
    if transfer.state == transfers.FAILED:
        return ("重试", "移除")
    if transfer.can_resume:
        return ("继续", "取消")
    return ("暂停", "取消") if transfer.can_pause else ("取消",)
