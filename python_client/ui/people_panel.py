"""在线用户: 人数与名单; 至多画 500 个名字, 每轮至多重画一次。"""

from __future__ import annotations

import tkinter
from itertools import islice
from tkinter import ttk

from ..model.human_text import safe_name
from ..model.people import People
from . import palette
from .file_name import fit
from .theme import Theme

# 列表里的名字; 再多的只写人数
MAX_SHOWN = 500


class PeoplePanel:
    """名单按上线先后, 所以变化只在中间少与末尾多。"""

    def __init__(self, parent: tkinter.Misc, theme: Theme, people: People) -> None:
        self._theme = theme
        self._people = people
        # 名字 -> 它的行
        self._shown: dict[str, str] = {}
        # 列表的宽度 (像素); 第一次 Configure 之前是估计
        self._width = theme.pixels(120)
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
        self.tree.bind("<Configure>", self._resized)
        self.tree.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        bar.grid(row=0, column=1, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        self.more = ttk.Label(card, style="CardMuted.TLabel")

    def show(self, own: str) -> None:
        """按名单补上差别; own 后面写 (我)。"""
        self.heading.configure(text=f"在线用户 ({self._people.online})")
        try:
            self._patch(own)
        except Exception:
            # 改到一半: 清空, 下次整个重画, 不能一直错下去
            self.tree.delete(*self.tree.get_children())
            self._shown = {}
            raise
        self._show_more()

    def _patch(self, own: str) -> None:
        wanted = dict.fromkeys(islice(self._people.names, MAX_SHOWN))
        kept = [name for name in self._shown if name in wanted]
        # 换了次序 (重新加入) 或换了自己的名字: 整个重画, 至多 500 行
        if own != self._own or list(islice(wanted, len(kept))) != kept:
            kept = []
        self._own = own
        gone = self._shown.keys() - set(kept)
        self.tree.delete(*(self._shown.pop(name) for name in gone))
        for name in islice(wanted, len(kept), None):
            self._shown[name] = self._append(name)

    def _append(self, name: str) -> str:
        """Tk 自己起的 iid: 名字是别人起的, 不适合当编号。"""
        color = palette.NAME_COLORS[palette.color_index(name)]
        return self.tree.insert("", "end", text=self._written(name), image=self._theme.dot(color))

    def _written(self, name: str) -> str:
        """放得下的写法; (我) 不省略。"""
        mine = " (我)" if name == self._own else ""
        room = self._width - self._theme.line_height - self._theme.normal.measure(f"  {mine}")
        return f" {fit(safe_name(name), self._theme.normal, max(0, room))}{mine}"

    def _resized(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if event.width != self._width:
            self._width = event.width
            for name, row in self._shown.items():
                self.tree.item(row, text=self._written(name))

    def _show_more(self) -> None:
        hidden = self._people.online - len(self._shown)
        if hidden > 0:
            self.more.configure(text=f"… 另有 {hidden} 人")
            self.more.grid(row=1, column=0, sticky="w", padx=palette.PAD, pady=palette.PAD)
        else:
            self.more.grid_remove()
