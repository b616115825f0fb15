"""一条记录 -> Text 里的一项: 日期, 名字, 文字里的网址, 文件, 进出, 提示。"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Callable, Protocol, TypeVar, Union

from ..model import human_text
from ..model.events import SEND_FAILED, WAITING_SERVER
from ..model.file_kind import KIND_NAMES, kind_of
from ..model.links import find_links
from ..model.outgoing import Outgoing
from ..model.presence_fold import FoldedPresence
from ..model.timeline import ERROR, MessageItem, NoticeItem, PresenceItem
from ..protocol.messages import FileMessage, TextMessage
from . import palette
from .text_rows import Picture, Piece, Row

Entry = Union[MessageItem, PresenceItem, NoticeItem, Outgoing]
# 没有汉字的一段按词折行, 有汉字的按字: Tk 只认空格, 整段汉字会被当成一个词
_IDEOGRAPH = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


# 一条消息至多显示这么多字: Tk 给没有空白的一行排版的时间随长度的平方增长, 这么多是 20 毫秒, 一百倍是半分钟
_MAX_TEXT = 16_384
# 一条消息里点得动的网址; 每个是 Text 的一个标签
_MAX_LINKS = 100
# 提示与错误只是一两句话
_MAX_NOTICE = 1000


class LogActions(Protocol):
    """点了记录里的什么。"""

    def copy(self, text: str) -> None: ...

    def open_url(self, url: str) -> None: ...

    def open_file(self, file: FileMessage) -> None: ...

    def retry_text(self, client_id: str) -> None: ...

    def discard_text(self, client_id: str) -> None: ...


class Pictures(Protocol):
    """记录里的图; preview 为 None 时只画一行。"""

    def icon(self, kind: str) -> Picture: ...

    def preview(self, file: FileMessage) -> Picture | None: ...


@dataclass(frozen=True)
class RowMaker:
    """own_name 返回自己现在的名字。"""

    actions: LogActions
    pictures: Pictures
    own_name: Callable[[], str]

    def row(self, previous: Entry | None, entry: Entry, tag: str = "", is_change: bool = False) -> Row:
        """previous 决定要不要画日期与名字; tag 与 is_change 见 model/hands.py。"""
        pieces = [] if _same_day(previous, entry) else [_day(entry)]
        if isinstance(entry, PresenceItem):
            pieces.append(Piece(f"{presence_text(entry.folded)}\n", ("presence",)))
        elif isinstance(entry, NoticeItem):
            tag = "error" if entry.kind == ERROR else "notice"
            pieces.append(Piece(f"{human_text.safe_text(entry.text[:_MAX_NOTICE])}\n", (tag,)))
        else:
            is_first = bool(pieces) or is_change or not self._same_group(previous, entry)
            pieces += self._talk(entry, is_first, tag)
        return Row(_key(entry), pieces)

    def _talk(self, entry: MessageItem | Outgoing, is_first: bool, tag: str) -> list[Piece]:
        author = self._author(entry)
        band = ("own",) if author == self.own_name() else ()
        pieces: list[Piece] = []
        if is_first:
            color = f"name{palette.color_index(author)}"
            pieces.append(Piece(human_text.safe_name(author), ("head", color, *band)))
            if tag:
                # 上面这个名字的话是另一个人说的
                pieces.append(
                    Piece(f"  #{human_text.safe_name(tag)} (与上面不是同一个人)", ("head", "time", *band))
                )
            pieces.append(Piece(f"   {human_text.format_time(entry.time_ms)}\n", ("head", "time", *band)))
        if isinstance(entry, Outgoing):
            return pieces + self._outgoing(entry, band)
        if isinstance(entry.message, TextMessage):
            return pieces + self._text(entry.message.message, ("body", *band))
        return pieces + self._file(entry.message, band)

    def _text(self, raw: str, tags: tuple[str, ...]) -> list[Piece]:
        text = human_text.safe_text(raw[:_MAX_TEXT]).rstrip("\n")
        tags = (*tags, "by-character" if _IDEOGRAPH.search(text) else "by-word")
        pieces: list[Piece] = []
        end = 0
        for start, stop, url in islice(find_links(text), _MAX_LINKS):
            pieces.append(Piece(text[end:start], tags))
            pieces.append(Piece(text[start:stop], (*tags, "link"), _opener(self.actions.open_url, url)))
            end = stop
        pieces.append(Piece(f"{text[end:]}\n", tags))
        if len(raw) > _MAX_TEXT:
            small = (*tags, "small")
            pieces += [
                Piece("… 太长, 其余没有显示   ", (*small, "muted")),
                Piece("复制全文", (*small, "link"), _opener(self.actions.copy, raw)),
                Piece("\n", small),
            ]
        return pieces

    def _outgoing(self, entry: Outgoing, band: tuple[str, ...]) -> list[Piece]:
        failed = entry.state == SEND_FAILED
        pieces = self._text(entry.message, ("body", "failed" if failed else "sending", *band))
        small = ("body", "small", *band)
        if failed:
            retry = _opener(self.actions.retry_text, entry.client_id)
            discard = _opener(self.actions.discard_text, entry.client_id)
            pieces += [
                Piece(f"发送失败: {human_text.safe_name(entry.error)}   ", (*small, "bad")),
                Piece("重试", (*small, "link"), retry),
                Piece("   ", small),
                Piece("删除", (*small, "link"), discard),
                Piece("\n", small),
            ]
        elif entry.state == WAITING_SERVER:
            reason = human_text.safe_name(entry.error)
            pieces.append(Piece(f"服务器此刻收不下, 过会儿自动再发: {reason}\n", (*small, "bad")))
        else:
            pieces.append(Piece("发送中 ...\n", (*small, "muted")))
        return pieces

    def _file(self, file: FileMessage, band: tuple[str, ...]) -> list[Piece]:
        tags = ("body", *band)
        kind = kind_of(file.mime_type, file.original_name)
        open_file = _opener(self.actions.open_file, file)
        facts = f"   {KIND_NAMES[kind]}, {human_text.format_bytes(file.size)}\n"
        pieces = [
            Piece("", tags, open_file, self.pictures.icon(kind)),
            Piece(" ", tags),
            Piece(human_text.safe_name(file.original_name), (*tags, "by-character", "link"), open_file),
            Piece(facts, (*tags, "small", "muted")),
        ]
        preview = self.pictures.preview(file)
        if preview is not None:
            pieces.append(Piece("", (*tags, "picture"), open_file, preview))
            pieces.append(Piece("\n", tags))
        return pieces

    def _same_group(self, previous: Entry | None, entry: MessageItem | Outgoing) -> bool:
        """同一个人在同一分钟里的连续几条只画一次名字。"""
        if not isinstance(previous, (MessageItem, Outgoing)):
            return False
        same_minute = previous.time_ms // 60_000 == entry.time_ms // 60_000
        return same_minute and self._author(previous) == self._author(entry)

    def _author(self, entry: MessageItem | Outgoing) -> str:
        return self.own_name() if isinstance(entry, Outgoing) else entry.message.name


def presence_text(folded: FoldedPresence) -> str:
    """张三, 李四 加入; 王五 等 12 人离开。"""
    parts = [
        _crowd(folded.joined, folded.joined_count, "加入"),
        _crowd(folded.left, folded.left_count, "离开"),
    ]
    return "; ".join(part for part in parts if part)


def _crowd(names: tuple[str, ...], count: int, verb: str) -> str:
    if count == 0:
        return ""
    listed = ", ".join(human_text.safe_name(name) for name in names)
    if not names:
        return f"{count} 人{verb}"
    return f"{listed} 等 {count} 人{verb}" if count > len(names) else f"{listed} {verb}"


def _key(entry: Entry) -> str:
    if isinstance(entry, Outgoing):
        return entry.client_id
    return entry.message.id if isinstance(entry, MessageItem) else ""


def _day(entry: Entry) -> Piece:
    return Piece(f"{human_text.format_day(human_text.day_of(entry.time_ms), date.today())}\n", ("day",))


def _same_day(previous: Entry | None, entry: Entry) -> bool:
    if previous is None:
        return False
    return human_text.day_of(previous.time_ms) == human_text.day_of(entry.time_ms)


_Value = TypeVar("_Value")


def _opener(action: Callable[[_Value], None], value: _Value) -> Callable[[], None]:
    return lambda: action(value)
