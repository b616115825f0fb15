"""搜索的结果: 一列, 新的在前, 搜索词标出; 上下键与点击选中一条, 末尾可以要更早的。"""

from __future__ import annotations

import tkinter
from datetime import date
from tkinter import ttk
from typing import Callable, Sequence

from ..model import human_text
from ..model.file_kind import KIND_NAMES, kind_of
from ..model.search_hits import find_hits, searched_text, snippet
from ..protocol.messages import FileMessage, RoomMessage
from . import palette
from .text_rows import Piece, Row, TextRows
from .theme import Theme

# 上下键之外, 一次跳过这么多条
_PAGE = 8


class SearchResults:
    """chosen: 选中了一条; load_more: 要更早的一页。"""

    def __init__(
        self,
        parent: tkinter.Misc,
        theme: Theme,
        chosen: Callable[[RoomMessage], None],
        load_more: Callable[[], None],
    ) -> None:
        self._chosen = chosen
        self._load_more = load_more
        self._messages: list[RoomMessage] = []
        self._index: int | None = None
        self._has_tail = False
        self.frame = ttk.Frame(parent, style="Card.TFrame")
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(0, weight=1)
        self.text = tkinter.Text(
            self.frame,
            font=("Arial", palette.FONT_SIZE),
            wrap="char",
            state="disabled",
            width=1,
            height=1,
            relief="flat",
            borderwidth=0,
            highlightthickness=0,
            background=palette.SURFACE,
            foreground=palette.TEXT,
            cursor="hand2",
        )
        bar = ttk.Scrollbar(self.frame, orient="vertical", command=self.text.yview)
        self.text.configure(yscrollcommand=bar.set)
        self.text.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        bar.grid(row=0, column=1, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        self._rows = TextRows(self.text)
        self._style(theme)
        self._bind()

    @property
    def messages(self) -> Sequence[RoomMessage]:
        """列出的, 新的在前。"""
        return self._messages

    @property
    def selected(self) -> RoomMessage | None:
        return None if self._index is None else self._messages[self._index]

    def clear(self) -> None:
        self._messages = []
        self._index = None
        self._has_tail = False
        self._rows.delete(0, len(self._rows))

    def add(self, query: str, messages: Sequence[RoomMessage], more: bool) -> None:
        """接在后面; more: 更早的还有。"""
        self._drop_tail()
        today = date.today()
        self._rows.insert(len(self._rows), [_row(message, query, today) for message in messages])
        self._messages += messages
        if more:
            link = (Piece("更早的结果", ("tail", "link"), self._load_more), Piece("\n", ("tail",)))
            self._rows.insert(len(self._rows), [Row("", link)])
            self._has_tail = True

    def move(self, step: int) -> None:
        """选中下 (或上) 几条; 已在最后一条时要更早的。"""
        if not self._messages:
            return
        last = len(self._messages) - 1
        if self._index == last and step > 0 and self._has_tail:
            self._load_more()
            return
        self.choose(0 if self._index is None else max(0, min(last, self._index + step)))

    def choose(self, index: int) -> None:
        changed = index != self._index
        self._index = index
        first, end = self._rows.line_of(index), self._rows.line_of(index + 1)
        self.text.tag_remove("chosen", "1.0", "end")
        self.text.tag_add("chosen", f"{first}.0", f"{end}.0")
        # 先看末行再看首行: 放得下时整条都露出来
        self.text.see(f"{end - 1}.0")
        self.text.see(f"{first}.0")
        if changed:
            self._chosen(self._messages[index])

    def _drop_tail(self) -> None:
        if self._has_tail:
            self._has_tail = False
            self._rows.delete(len(self._rows) - 1, 1)

    def _style(self, theme: Theme) -> None:
        gap = theme.pixels(6)
        text = self.text
        text.tag_configure("who", font=theme.bold, lmargin1=gap, lmargin2=gap, spacing1=gap + gap // 2)
        for index, color in enumerate(palette.NAME_COLORS):
            text.tag_configure(f"name{index}", foreground=color)
        text.tag_configure("when", font=theme.small, foreground=palette.TEXT_3)
        # 行首空一格而不是边距: 标出的词在行首时, 底色会漫到边距里
        text.tag_configure("what", font=theme.normal, lmargin2=gap, rmargin=gap, spacing3=gap // 2)
        text.tag_configure("kind", font=theme.small, foreground=palette.TEXT_3)
        text.tag_configure("tail", justify="center", spacing1=gap, spacing3=gap)
        text.tag_configure("link", foreground=palette.ACCENT, underline=True)
        soft = palette.ACCENT_SOFT
        text.tag_configure("chosen", background=soft, lmargincolor=soft, rmargincolor=soft)
        text.tag_configure("match", background=palette.MATCH)
        text.tag_raise("match")
        # 选的是一条, 不是一段字
        text.tag_configure("sel", background="", foreground="")

    def _bind(self) -> None:
        text = self.text
        text.bind("<Button-1>", lambda _: text.focus_set())
        text.bind("<ButtonRelease-1>", self._clicked)
        for key, step in (("<Down>", 1), ("<Up>", -1), ("<Next>", _PAGE), ("<Prior>", -_PAGE)):
            text.bind(key, lambda _, step=step: self._step(step))  # type: ignore[misc]

    def _step(self, step: int) -> str:
        self.move(step)
        return "break"

    def _clicked(self, event: tkinter.Event[tkinter.Misc]) -> None:
        position = f"@{event.x},{event.y}"
        action = self._rows.action_at(position)
        if action is not None:
            action()
            return
        index = self._rows.index_at(position)
        if index < len(self._messages):
            self.choose(index)


def _row(message: RoomMessage, query: str, today: date) -> Row:
    color = f"name{palette.color_index(message.name)}"
    when = human_text.format_short_date(message.time_ms, today)
    if when != human_text.format_time(message.time_ms):
        when += f" {human_text.format_time(message.time_ms)}"
    line = f" {human_text.safe_name(snippet(searched_text(message), query))}"
    pieces = [
        Piece(human_text.safe_name(message.name), ("who", color)),
        Piece(f"   {when}\n", ("who", "when")),
    ]
    end = 0
    for start, stop in find_hits(line, query):
        pieces += [Piece(line[end:start], ("what",)), Piece(line[start:stop], ("what", "match"))]
        end = stop
    pieces.append(Piece(line[end:], ("what",)))
    if isinstance(message, FileMessage):
        kind = KIND_NAMES[kind_of(message.mime_type, message.original_name)]
        pieces.append(Piece(f"   {kind}, {human_text.format_bytes(message.size)}", ("what", "kind")))
    return Row(message.id, [*pieces, Piece("\n", ("what",))])
