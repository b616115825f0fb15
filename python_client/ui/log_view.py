"""聊天记录: 只读的 Text; 停在底部时跟随新消息, 翻看旧消息时眼前的位置不动。"""

from __future__ import annotations

import logging
import tkinter
from tkinter import ttk
from typing import Callable, Sequence

from ..model.hands import other_hands
from ..model.outgoing import Outgoing
from ..model.timeline import MessageItem, Timeline
from ..protocol.messages import FileMessage
from . import palette
from .log_follow import LogFollow
from .log_pictures import LogPictures
from .log_rows import Entry, RowMaker
from .log_style import style_log
from .text_rows import Piece, Row, TextRows
from .theme import Theme

log = logging.getLogger(__name__)

# 眼前的上下各多取几张预览
_NEARBY = 4


class LogView:
    """timeline 的 TimelineView; 发送中的画在全部记录之后。每轮末尾调用 flush。live 为 False: 看从前的一段, 不跟随底部。"""

    def __init__(
        self, parent: tkinter.Misc, theme: Theme, load_older: Callable[[], None], *, live: bool = True
    ) -> None:
        self.frame = ttk.Frame(parent, style="Card.TFrame")
        self.text = tkinter.Text(
            self.frame,
            font=("Arial", palette.FONT_SIZE),
            wrap="word",
            state="disabled",
            width=1,
            height=1,
            padx=palette.PAD,
            pady=palette.PAD,
            relief="flat",
            borderwidth=0,
            highlightthickness=0,
            background=palette.SURFACE,
            foreground=palette.TEXT,
            # 焦点在输入框时, 选中的一段仍看得见
            inactiveselectbackground=palette.LINE_STRONG,
            cursor="arrow",
        )
        style_log(self.text, theme)
        self._load_older = load_older
        self._rows = TextRows(self.text)
        self.follow = LogFollow(self.frame, self.text, self._returned, live=live)
        self._timeline: Timeline | None = None
        self._maker: RowMaker | None = None
        self._pictures: LogPictures | None = None
        self._pending: Sequence[Outgoing] = ()
        # 第一项是 "加载更早的消息"; 没有更早的时占零行
        self._head = Row("", ())
        self._rows.insert(0, [self._head])
        # 内容变了还没有重画的一项: 进出的那一行一轮里变很多次, 只在末尾画一次
        self._stale: int | None = None
        self._bind()

    def show(self, timeline: Timeline, maker: RowMaker, pictures: LogPictures) -> None:
        """在第一个事件之前, 一次。"""
        self._timeline, self._maker, self._pictures = timeline, maker, pictures

    # ---- TimelineView ----

    def inserted(self, index: int, count: int) -> None:
        if self._stale is not None and self._stale >= index:
            self._stale += count
        items = self._items()
        rows = [self._make(place) for place in range(index, index + count)]
        self.follow.touched()
        self._rows.insert(1 + index, rows)
        # 后面的一项可能不再需要日期与名字
        if index + count < len(items):
            self._rows.replace(1 + index + count, self._make(index + count))
        elif self._pending:
            self._rows.replace(1 + len(items), self._make(len(items)))
        fresh = [item for item in items[index : index + count] if isinstance(item, MessageItem)]
        if index + count == len(items):
            self.follow.arrived(len(fresh))

    def replaced(self, index: int) -> None:
        if self._stale != index:
            self._draw_stale()
        self._stale = index

    def removed(self, index: int, count: int) -> None:
        if self._stale is not None and self._stale >= index:
            self._stale = None if self._stale < index + count else self._stale - count
        self.follow.touched()
        self._rows.delete(1 + index, count)
        if index < len(self._items()):
            self._rows.replace(1 + index, self._make(index))

    # ---- 其余 ----

    def show_pending(self, pending: Sequence[Outgoing]) -> None:
        """自己写的, 还没有播回来的; 至多几百条, 整段重画。"""
        start = 1 + len(self._items())
        self.follow.touched()
        self._rows.delete(start, len(self._rows) - start)
        grew = len(pending) > len(self._pending)
        self._pending = pending
        self._rows.insert(start, [self._make(len(self._items()) + index) for index in range(len(pending))])
        # 自己发言: 回到底部看着它
        if grew:
            self.follow.to_end()

    def redraw_pictures(self, file_ids: Sequence[str]) -> None:
        for file_id in file_ids:
            index = self._find(file_id)
            if index is not None:
                self.follow.touched()
                self._rows.replace(1 + index, self._make(index))

    def flush(self) -> None:
        """每轮末尾: 进出的一行, 更早的链接, 跟到底部, 眼前的预览。"""
        self._draw_stale()
        self._draw_head()
        if self._timeline is not None:
            self._timeline.pinned = self.follow.following
        self.follow.settle()
        self._want_pictures()

    def lines_of(self, message_id: str) -> tuple[str, str] | None:
        """这一条占的几行 (起, 止), 不含它上面的日期与名字; None: 不在这里。"""
        index = self._find(message_id)
        if index is None:
            return None
        end = self._rows.line_of(2 + index)
        lines = sum(piece.text.count("\n") for piece in self._rows.row(1 + index).pieces if _is_body(piece))
        return f"{end - lines}.0", f"{end}.0"

    def file_at(self, position: str) -> FileMessage | None:
        """这个位置上的文件, 右键菜单用。"""
        index = self._rows.index_at(position) - 1
        items = self._items()
        item = items[index] if 0 <= index < len(items) else None
        if isinstance(item, MessageItem) and isinstance(item.message, FileMessage):
            return item.message
        return None

    def _bind(self) -> None:
        self.text.bind("<ButtonRelease-1>", self._clicked, add=True)
        # 禁用的 Text 点了不会得到焦点 (macOS, Windows), 那就没法复制
        self.text.bind("<Button-1>", lambda _: self.text.focus_set(), add=True)
        for keys in ("<Control-a>", "<Control-A>", "<Command-a>"):
            if not (keys.startswith("<Command") and self.text.tk.call("tk", "windowingsystem") != "aqua"):
                self.text.bind(keys, self._select_all)

    def _clicked(self, event: tkinter.Event[tkinter.Misc]) -> None:
        # 拖着选了一段, 不是点
        if self.text.tag_ranges("sel"):
            return
        action = self._rows.action_at(f"@{event.x},{event.y}")
        if action is not None:
            action()

    def _select_all(self, _: object) -> str:
        self.text.tag_add("sel", "1.0", "end-1c")
        return "break"

    def _returned(self) -> None:
        """回到底部了: 翻看期间攒下的可以丢了。"""
        if self._timeline is not None:
            self._timeline.pinned = True
            self._timeline.trim()

    def _items(self) -> Sequence[Entry]:
        return () if self._timeline is None else self._timeline.items

    def _entry(self, place: int) -> Entry | None:
        items = self._items()
        if place < 0:
            return None
        return items[place] if place < len(items) else self._pending[place - len(items)]

    def _make(self, place: int) -> Row:
        assert self._maker is not None
        entry = self._entry(place)
        assert entry is not None
        try:
            tag, is_change = other_hands(self._items(), place)
            return self._maker.row(self._entry(place - 1), entry, tag, is_change)
        except Exception:
            # 每一项必须有它的一行: 少一行, 之后的全都画错位置
            log.exception("log_view.row_failed place=%d", place)
            return Row("", [Piece("这条消息显示不了, 细节在日志里\n", ("error",))])

    def _find(self, message_id: str) -> int | None:
        # 预览多半是最近的: 从后往前找
        for index in range(len(self._items()) - 1, -1, -1):
            if self._rows.row(1 + index).key == message_id:
                return index
        return None

    def _draw_stale(self) -> None:
        if self._stale is not None:
            stale, self._stale = self._stale, None
            self.follow.touched()
            self._rows.replace(1 + stale, self._make(stale))

    def _draw_head(self) -> None:
        older = self._timeline is not None and self._timeline.has_older
        if older == bool(self._head.pieces):
            return
        link = (Piece("加载更早的消息", ("older", "link"), self._load_older), Piece("\n", ("older",)))
        self._head = Row("", link if older else ())
        self.follow.touched()
        self._rows.replace(0, self._head)

    def _want_pictures(self) -> None:
        if self._pictures is None:
            return
        first = self._rows.index_at("@0,0") - 1 - _NEARBY
        last = self._rows.index_at(f"@0,{self.text.winfo_height()}") - 1 + _NEARBY
        for item in self._items()[max(0, first) : max(0, last + 1)]:
            if isinstance(item, MessageItem) and isinstance(item.message, FileMessage):
                self._pictures.seen(item.message)


def _is_body(piece: Piece) -> bool:
    return not {"day", "head"}.intersection(piece.tags)
