"""文件列表: Listbox, 新的在前, 还在上传的在最上面; 单击或回车在浏览器里打开, 右键另有菜单。"""

from __future__ import annotations

import tkinter
from datetime import date
from itertools import groupby
from tkinter import font as tkfont
from tkinter import ttk
from typing import Callable, Iterator, Sequence

from ..model import human_text
from ..model.file_index import FileIndex
from ..protocol.messages import FileOffer, SharedFile
from . import palette
from .file_lines import FileLines
from .file_menu import RIGHT_BUTTONS, FileMenu
from .single_click import SingleClick

# 卡片至少有这么多行字高, 才写下面的说明
_LINES_WITH_FACTS = 5
# 一行至少按这么宽来写 (像素); 窗口还没有画时宽度是 1
_LEAST_ROOM = 100
# 选中还在上传的: 上传者此刻怎样
_OFFER_STATES = {"sending": "正在上传", "paused": "暂停了上传", "waiting": "离开了, 等他回来接着传"}
# 宽度停下多久之后重写各行 (毫秒)
_REFIT_MS = 150


class FilePanel:
    """load_more 向服务器要更早的。"""

    def __init__(self, parent: tkinter.Misc, menu: FileMenu, load_more: Callable[[], None]) -> None:
        self._menu = menu
        self._shown: Sequence[SharedFile] = ()
        # 列表里现在的字, 与 _shown 一一对应
        self._lines: Sequence[str] = ()
        self._more = False
        self._refit: str | None = None
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(1, weight=1)
        self.heading = ttk.Label(self.frame, text="文件", style="Heading.TLabel")
        self.heading.grid(row=0, column=0, sticky="w", padx=palette.PAD, pady=palette.PAD)
        card = ttk.Frame(self.frame, style="Card.TFrame")
        card.grid(row=1, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        card.columnconfigure(0, weight=1)
        card.rowconfigure(0, weight=1)
        self.listbox = tkinter.Listbox(
            card,
            font=("Arial", palette.FONT_SIZE),
            width=1,
            height=3,
            relief="flat",
            borderwidth=0,
            highlightthickness=0,
            activestyle="none",
            # 别处选了文字, 这里的选择仍在
            exportselection=False,
            background=palette.SURFACE,
            foreground=palette.TEXT,
            selectbackground=palette.ACCENT_SOFT,
            selectforeground=palette.TEXT,
        )
        self._writer = FileLines(tkfont.Font(card, font=("Arial", palette.FONT_SIZE)))
        bar = ttk.Scrollbar(card, orient="vertical", command=self.listbox.yview)
        self.listbox.configure(yscrollcommand=bar.set)
        self.listbox.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        bar.grid(row=0, column=1, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        self.facts = ttk.Label(card, style="CardMuted.TLabel", text="还没有文件")
        self.facts.grid(row=1, column=0, columnspan=2, sticky="we", padx=palette.PAD, pady=palette.PAD)
        card.bind("<Configure>", self._resized)
        self.more = ttk.Button(self.frame, text="更早的", style="Small.TButton", command=load_more)
        self._bind()

    def show(self, index: FileIndex, offers: Sequence[FileOffer] = ()) -> None:
        """只补上差别: 选中的一项与滚动的位置不变。还在上传的在最上面, 后开始的在前。"""
        coming = [offer for offer in reversed(offers) if not index.has(offer.id)]
        now: list[SharedFile] = [*coming, *index.files]
        chosen = self.selected()
        self._patch(now)
        self._relabel()
        # 整个重画过, 或那一行重写过
        if chosen is not None and self.selected() is None:
            self._select(chosen.id)
        self._more = index.more
        self.heading.configure(text=f"文件 ({_count_text(index)})")
        self._show_facts()
        if index.more:
            self.more.grid(row=0, column=0, sticky="e", padx=palette.PAD, pady=palette.PAD)
        else:
            self.more.grid_remove()

    def _patch(self, now: Sequence[SharedFile]) -> None:
        """去掉没有了的, 插入新的; 次序变了 (几个同时上传的, 后面的先传完) 就整个重画。"""
        lines = self._writer.lines(now, self._room())
        wanted = {file.id for file in now}
        known = {file.id for file in self._shown}
        kept = [file.id for file in self._shown if file.id in wanted]
        if kept != [file.id for file in now if file.id in known]:
            self._redraw(now, lines)
            return
        written = list(self._lines)
        for index in range(len(self._shown) - 1, -1, -1):
            if self._shown[index].id not in wanted:
                self.listbox.delete(index)
                del written[index]
        # 连着的一段一次插入: 一页历史几百个
        for start, end in _runs([file.id not in known for file in now]):
            self.listbox.insert(start, *lines[start:end])
            written[start:start] = lines[start:end]
        # 留下的行由 _relabel 重写: 写法与别的行有没有重名, 传了多少有关
        self._shown, self._lines = now, written

    def _redraw(self, now: Sequence[SharedFile], lines: Sequence[str]) -> None:
        top = self.listbox.yview()[0]
        self.listbox.delete(0, "end")
        self.listbox.insert(0, *lines)
        self.listbox.yview_moveto(top)
        self._shown, self._lines = now, lines

    def _relabel(self) -> None:
        """留下的行里, 写法变了的 (有了重名的, 列表变宽了, 又传了一些) 重写。"""
        self._refit = None
        lines = self._writer.lines(self._shown, self._room())
        chosen = self.selected()
        for index, (line, before) in enumerate(zip(lines, self._lines)):
            if line != before:
                self.listbox.delete(index)
                self.listbox.insert(index, line)
                if chosen is self._shown[index]:
                    self.listbox.selection_set(index)
        self._lines = lines

    def _select(self, file_id: str) -> None:
        for index, file in enumerate(self._shown):
            if file.id == file_id:
                self.listbox.selection_set(index)

    def _room(self) -> int:
        # 两边各留一点: 正好放满时 Listbox 会露出横着滚的余地
        return max(_LEAST_ROOM, self.listbox.winfo_width() - 2 * palette.PAD)

    def _listbox_resized(self, _: object) -> None:
        # 拖分隔条时一秒来几十次, 几千行的重写等它停下
        if self._refit is not None:
            self.listbox.after_cancel(self._refit)
        self._refit = self.listbox.after(_REFIT_MS, self._relabel)

    @property
    def files(self) -> Sequence[SharedFile]:
        """列出的, 次序与列表相同。"""
        return self._shown

    def selected(self) -> SharedFile | None:
        chosen = self.listbox.curselection()  # type: ignore[no-untyped-call]
        return self._shown[int(chosen[0])] if chosen else None

    def _bind(self) -> None:
        self._click = SingleClick[SharedFile](self.listbox, self._at, self._open)
        self.listbox.bind("<Return>", lambda _: self._open(self.selected()))
        self.listbox.bind("<KP_Enter>", lambda _: self._open(self.selected()))
        self.listbox.bind("<Configure>", self._listbox_resized)
        self.listbox.bind("<<ListboxSelect>>", lambda _: self._show_facts())
        for button in RIGHT_BUTTONS:
            self.listbox.bind(button, self._menu_at)
        # 键盘上的菜单键; Shift+F10 在三个系统上都有
        self.listbox.bind("<Shift-F10>", self._menu_key)

    def _resized(self, event: tkinter.Event[tkinter.Misc]) -> None:
        # 很矮时说明让位给列表; 卡片的高度由分栏定, 不会来回变
        if event.height < self.facts.winfo_reqheight() * _LINES_WITH_FACTS:
            self.facts.grid_remove()
        else:
            self.facts.grid()

    def _at(self, event: tkinter.Event[tkinter.Misc]) -> SharedFile | None:
        """鼠标下的一项; nearest 在空白处也给最后一项, 要看框。"""
        index = self._nearest(event.y)
        box = self.listbox.bbox(index) if index >= 0 else None
        if box is None or not box[1] <= event.y < box[1] + box[3]:
            return None
        return self._shown[index]

    def _nearest(self, y: int) -> int:
        return int(self.listbox.nearest(y))  # type: ignore[no-untyped-call]

    def _open(self, file: SharedFile | None) -> None:
        if file is not None:
            self._menu.actions.open_file(file)

    def _menu_at(self, event: tkinter.Event[tkinter.Misc]) -> str:
        file = self._at(event)
        if file is not None:
            self.listbox.selection_clear(0, "end")
            self.listbox.selection_set(self._nearest(event.y))
            self._show_facts()
            self._menu.popup(file, event.x_root, event.y_root)
        return "break"

    def _menu_key(self, _: object) -> str:
        file = self.selected()
        if file is not None:
            self._menu.popup(file, self.listbox.winfo_rootx(), self.listbox.winfo_rooty())
        return "break"

    def _show_facts(self) -> None:
        file = self.selected()
        if file is None:
            self.facts.configure(text=self._hint())
            return
        size, name = human_text.format_bytes(file.size), human_text.safe_name(file.name)
        if isinstance(file, FileOffer):
            received = human_text.format_bytes(file.received)
            state = _OFFER_STATES.get(file.state, _OFFER_STATES["sending"])
            self.facts.configure(text=f"{received} / {size}, {name} {state}")
            return
        when = human_text.format_short_date(file.time_ms, date.today())
        self.facts.configure(text=f"{size}, {name}, {when}")

    def _hint(self) -> str:
        if self._shown:
            return "点一下在浏览器里打开"
        # 近来的一页里没有, 更早的也许有
        return "最近没有文件" if self._more else "还没有文件"


def _count_text(index: FileIndex) -> str:
    """服务器说的总数; 还没有说时是取来的, 更早的还有则带 +。"""
    if index.total is not None:
        return f"{index.total:,}"
    count = len(index.files)
    # 一个都没有时不写 +: "0+" 读不懂
    return f"{count}{'+' if index.more and count else ''}"


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """连着为真的各段 (起, 止)。"""
    start = 0
    for flag, group in groupby(flags):
        end = start + sum(1 for _ in group)
        if flag:
            yield start, end
        start = end
