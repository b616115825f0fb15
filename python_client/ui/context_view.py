"""某一条前后的聊天: 与聊天记录同样的画法, 各自的内容; 往两头都可以接着看。"""

from __future__ import annotations

import tkinter
from tkinter import ttk
from typing import Callable, Protocol

from ..model.events import ContextLoaded
from ..model.search_hits import find_hits
from ..model.timeline import Timeline
from ..protocol.messages import RoomMessage
from . import palette
from .log_pictures import LogPictures
from .log_rows import RowMaker
from .log_view import LogView
from .theme import Theme


class LoadContext(Protocol):
    """要某一处之前或之后的一页, 应答带着同一个 number。"""

    def __call__(self, number: int, before: int | None, after: int | None) -> None: ...


class ContextView:
    """say: 没有取到时说一句。每轮末尾调用 flush。"""

    def __init__(
        self, parent: tkinter.Misc, theme: Theme, load: LoadContext, say: Callable[[str], None]
    ) -> None:
        self._load = load
        self._say = say
        # 每换一处加一: 旧的应答不要
        self._number = 0
        self._found: RoomMessage | None = None
        self._query = ""
        self._newer = False
        # 两头各一页到齐之前, 那一条留在中间
        self._settling = 0
        self._loading: set[bool] = set()
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(0, weight=1)
        self.log = LogView(self.frame, theme, self._load_older, live=False)
        self.log.frame.grid(
            in_=self.frame, row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD
        )
        self.newer = ttk.Button(
            self.frame, text="更晚的消息", style="Small.TButton", command=self._load_newer
        )
        self.timeline = Timeline(self.log)

    def connect(self, maker: RowMaker, pictures: LogPictures) -> None:
        """在第一次 show 之前, 一次。"""
        self.log.show(self.timeline, maker, pictures)

    def show(self, message: RoomMessage, query: str) -> None:
        """到这一条的位置去: 先是它自己, 前后的随后到。"""
        self.clear()
        self._found, self._query = message, query
        self.timeline.add(message)
        self._settling = 2
        self._ask(message.seq, None)
        self._ask(None, message.seq)

    def clear(self) -> None:
        self._number += 1
        self._found = None
        self._loading.clear()
        self._show_newer(False)
        self.timeline.clear()

    def loaded(self, page: ContextLoaded) -> None:
        if page.number != self._number:
            return
        self._loading.discard(page.is_newer)
        if page.error:
            self._say(f"前后的聊天没有取到: {page.error}")
            # 留着再试一次的口子
            self._set_more(page.is_newer, True)
            return
        self.timeline.add_page(page.messages)
        self._set_more(page.is_newer, page.more)
        self._mark()
        if self._settling > 0:
            self._settling -= 1
            self._center()

    def offline(self) -> None:
        """断线: 问过的不会有应答。"""
        self._loading.clear()

    def flush(self) -> None:
        if self._found is not None:
            self.log.flush()

    def redraw_pictures(self, file_ids: list[str]) -> None:
        self.log.redraw_pictures(file_ids)
        self._mark()

    def _set_more(self, is_newer: bool, more: bool) -> None:
        if is_newer:
            self._show_newer(more)
        else:
            self.timeline.has_older = more

    def _show_newer(self, newer: bool) -> None:
        if newer == self._newer:
            return
        self._newer = newer
        if newer:
            self.newer.grid(row=1, column=0, padx=palette.PAD, pady=palette.PAD)
        else:
            self.newer.grid_remove()

    def _load_older(self) -> None:
        self._ask(self.timeline.first_seq, None)

    def _load_newer(self) -> None:
        self._ask(None, self.timeline.last_seq)

    def _ask(self, before: int | None, after: int | None) -> None:
        # 连点几下只要一页
        is_newer = after is not None
        if is_newer not in self._loading:
            self._loading.add(is_newer)
            self._load(self._number, before, after)

    def _center(self) -> None:
        """那一条上下各露出一些。"""
        lines = None if self._found is None else self.log.lines_of(self._found.id)
        if lines is None:
            return
        text = self.log.text
        # 从这里起位置由我们定, 不回到改动之前的
        self.log.follow.settle()
        # 先排好版: 下面的按钮出现时记录变矮, 底部的会被挡住
        text.update_idletasks()
        text.see(lines[0])
        box = text.dlineinfo(lines[0])
        if box is not None:
            # yview 以像素滚: 让它落在三分之一处
            text.yview_scroll(box[1] - text.winfo_height() // 3, "pixels")

    def _mark(self) -> None:
        """那一条的底色与其中的搜索词; 行重画过就要再标。"""
        lines = None if self._found is None else self.log.lines_of(self._found.id)
        if lines is None:
            return
        text = self.log.text
        for tag in ("found", "match"):
            text.tag_remove(tag, "1.0", "end")
        text.tag_add("found", *lines)
        for start, stop in find_hits(text.get(*lines), self._query):
            text.tag_add("match", f"{lines[0]}+{start}c", f"{lines[0]}+{stop}c")
