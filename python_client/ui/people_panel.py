"""在线用户: 人数与名单; 至多画 500 个名字, 每轮至多重画一次。"""

from __future__ import annotations

import tkinter
from itertools import islice
from tkinter import ttk

from ..model.human_text import safe_name
from ..model.people import People
from . import palette
from .theme import Theme

# 列表里的名字; 再多的只写人数
MAX_SHOWN = 500


class PeoplePanel:
    """名单按上线先后, 所以变化只在中间少与末尾多。"""

    def __init__(self, parent: tkinter.Misc, theme: Theme, people: People) -> None:
        self._theme = theme
        self._people = people
        self._shown: dict[str, None] = {}
        self._own = ""
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(1, weight=1)
        self.heading = ttk.Label(self.frame, text="在线用户", style="Heading.TLabel")
        self.heading.grid(row=0, column=0, sticky="w", padx=palette.PAD, pady=palette.PAD)
        card = ttk.Frame(self.frame, style="Card.TFrame")
        card.grid(row=1, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        card.columnconfigure(0, weight=1)
        card.rowconfigure(0, weight=1)
        self.tree = ttk.Treeview(card, show="tree", style="People.Treeview", selectmode="none", height=3)
        self.tree.column("#0", width=theme.pixels(120), stretch=True)
        bar = ttk.Scrollbar(card, orient="vertical", command=self.tree.yview)
        self.tree.configure(yscrollcommand=bar.set)
        self.tree.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        bar.grid(row=0, column=1, sticky="ns", padx=(0, palette.PAD), pady=palette.PAD)
        self.more = ttk.Label(card, style="CardMuted.TLabel")

    def show(self, own: str) -> None:
        """按名单补上差别; own 后面写 (我)。"""
        self.heading.configure(text=f"在线用户 ({self._people.online})")
        wanted = dict.fromkeys(islice(self._people.names, MAX_SHOWN))
        kept = [name for name in self._shown if name in wanted]
        # 换了次序 (重新加入) 或换了自己的名字: 整个重画, 至多 500 行
        if own != self._own or list(islice(wanted, len(kept))) != kept:
            kept = []
        self._own = own
        gone = self._shown.keys() - set(kept)
        self.tree.delete(*(self._iid(name) for name in gone))
        for name in islice(wanted, len(kept), None):
            self._append(name)
        self._shown = wanted
        self._show_more()

    def _append(self, name: str) -> None:
        written = safe_name(name) + (" (我)" if name == self._own else "")
        color = palette.NAME_COLORS[palette.color_index(name)]
        self.tree.insert("", "end", iid=self._iid(name), text=f" {written}", image=self._theme.dot(color))

    def _iid(self, name: str) -> str:
        # 前缀: 名字本身可能是空的根 iid, 或像选项的 -x
        return f"u{name}"

    def _show_more(self) -> None:
        hidden = self._people.online - len(self._shown)
        if hidden > 0:
            self.more.configure(text=f"… 另有 {hidden} 人")
            self.more.grid(row=1, column=0, sticky="w", padx=palette.PAD, pady=palette.PAD)
        else:
            self.more.grid_remove()
