"""Text 里的行: 每一项占若干整行, 可以插入, 替换, 删除; 不认识聊天。"""

from __future__ import annotations

import tkinter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Callable, Iterator, Sequence, Union

from PIL import ImageTk

Picture = Union[tkinter.PhotoImage, ImageTk.PhotoImage]
# 图片上下的空 (像素); 图标与文字同高, 再多行距就乱了
_PICTURE_PAD = 2
# 点得动的一段所带的标签以此开头
_ACTION = "go:"


@dataclass(frozen=True)
class Piece:
    """一段同样式的文字, 或一张图 (picture 不为空时 text 不用)。action: 点它做什么。"""

    text: str
    tags: tuple[str, ...] = ()
    action: Callable[[], None] | None = None
    picture: Picture | None = None


@dataclass(frozen=True)
class Row:
    """一项: 各段文字连起来必须以换行结束; key 是给调用者认的。"""

    key: str
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class _Placed:
    row: Row
    # 占几个逻辑行; 自动折行不算
    lines: int
    # 各段自己的标签, 与 row.pieces 一一对应, 点不动的为空; 删除时一并去掉
    actions: Sequence[str]


class TextRows:
    """行与 Text 的逻辑行一一对应; Text 的最后总有一个空行, 那是 Tk 自己的。

    不用 mark 与区间标签: 只数行数, 换行的次序出错时测试立刻看得出来。
    """

    def __init__(self, text: tkinter.Text) -> None:
        self._text = text
        self._placed: list[_Placed] = []
        self._actions: dict[str, Callable[[], None]] = {}
        self._action_count = 0
        # editing 的层数
        self._editing = 0

    def __len__(self) -> int:
        return len(self._placed)

    def row(self, index: int) -> Row:
        return self._placed[index].row

    @contextmanager
    def editing(self) -> Iterator[None]:
        """只读的 Text 在改动期间放开; 可以嵌套。"""
        self._editing += 1
        self._text.configure(state="normal")
        try:
            yield
        finally:
            self._editing -= 1
            if self._editing == 0:
                self._text.configure(state="disabled")

    def insert(self, index: int, rows: Sequence[Row]) -> None:
        line = self.line_of(index)
        with self.editing():
            for offset, row in enumerate(rows):
                placed = _Placed(row, _lines(row.pieces), self._write(line, row.pieces))
                self._placed.insert(index + offset, placed)
                line += placed.lines

    def delete(self, index: int, count: int) -> None:
        gone = self._placed[index : index + count]
        line = self.line_of(index)
        del self._placed[index : index + count]
        self._erase(line, sum(placed.lines for placed in gone))
        for placed in gone:
            self._forget(placed.actions)

    def replace(self, index: int, row: Row) -> None:
        """同一个 key: 只动变了的那几行, 其余的选择与 mark 都不动 (预览取来时, 只换画着它的一行)。"""
        old = self._placed[index]
        start, tail = _same_ends(old.row, row)
        stop = len(old.row.pieces) - tail
        line = self.line_of(index) + _lines(old.row.pieces[:start])
        height = _lines(old.row.pieces[start:stop])
        # 先在后面写新的, 再删旧的: 旧的里面的 mark 落在新的开头, 下一行开头的 mark 仍在下一行
        fresh = self._write(line + height, row.pieces[start : len(row.pieces) - tail])
        self._erase(line, height)
        self._forget(old.actions[start:stop])
        kept = [*old.actions[:start], *fresh, *old.actions[stop:]]
        self._placed[index] = _Placed(row, _lines(row.pieces), kept)

    def line_of(self, index: int) -> int:
        """这一项的第一个逻辑行, 从 1 起。从近的一头数起: 改动几乎都在两头。"""
        if index * 2 < len(self._placed):
            return 1 + sum(placed.lines for placed in self._placed[:index])
        last = int(self._text.index("end-1c").split(".")[0])
        return last - sum(placed.lines for placed in self._placed[index:])

    def index_at(self, position: str) -> int:
        """Text 的位置落在哪一项; 末尾的空行算 len(self)。"""
        line = int(self._text.index(position).split(".")[0])
        first = 1
        for index, placed in enumerate(self._placed):
            first += placed.lines
            if line < first:
                return index
        return len(self._placed)

    def action_at(self, position: str) -> Callable[[], None] | None:
        """这个位置上点得动的一段。"""
        names = (name for name in self._text.tag_names(position) if name.startswith(_ACTION))
        return next((self._actions[name] for name in names), None)

    def _erase(self, line: int, count: int) -> None:
        with self.editing():
            self._text.delete(f"{line}.0", f"{line + count}.0")

    def _forget(self, actions: Sequence[str]) -> None:
        for name in filter(None, actions):
            self._text.tag_delete(name)
            del self._actions[name]

    def _write(self, line: int, pieces: Sequence[Piece]) -> Sequence[str]:
        """从这一行的开头写起; 返回各段自己的标签。"""
        arguments: list[object] = []
        actions: list[str] = []
        pictures: list[tuple[int, int, Piece, tuple[str, ...]]] = []
        first, column = line, 0
        for piece in pieces:
            actions.append("" if piece.action is None else self._new_action(piece.action))
            tags = (*piece.tags, actions[-1]) if actions[-1] else piece.tags
            if piece.picture is not None:
                pictures.append((line, column, piece, tags))
                column += 1
                continue
            arguments += [piece.text, tags]
            breaks = piece.text.count("\n")
            line += breaks
            column = len(piece.text) - piece.text.rfind("\n") - 1 if breaks else column + len(piece.text)
        with self.editing():
            # 一次调用写完一项: 每段一次要慢几倍
            if arguments:
                self._text.insert(f"{first}.0", *arguments)  # type: ignore[arg-type]
            # 从前往后补图, 前面的图已经占了一列
            for at_line, at_column, piece, tags in pictures:
                self._place_picture(f"{at_line}.{at_column}", piece, tags)
        return actions

    def _place_picture(self, position: str, piece: Piece, tags: tuple[str, ...]) -> None:
        assert piece.picture is not None
        self._text.image_create(position, image=piece.picture, padx=0, pady=_PICTURE_PAD)
        for tag in tags:
            self._text.tag_add(tag, position)

    def _new_action(self, action: Callable[[], None]) -> str:
        self._action_count += 1
        name = f"{_ACTION}{self._action_count}"
        self._actions[name] = action
        return name


def _lines(pieces: Sequence[Piece]) -> int:
    return sum(piece.text.count("\n") for piece in pieces)


def _same_ends(old: Row, new: Row) -> tuple[int, int]:
    """两头各有几段不必动, 都在整行的边上: 列数靠不住, Tk 把表情算成两个字。"""
    if old.key != new.key:
        # 看来相同的一段, 点了打开的不是同一个
        return 0, 0
    most = min(len(old.pieces), len(new.pieces))
    start = _same(old.pieces, new.pieces, most)
    while start > 0 and not old.pieces[start - 1].text.endswith("\n"):
        start -= 1
    tail = _same(old.pieces[::-1], new.pieces[::-1], most - start)
    # 这一段的前一段以换行结束, 它才在行首; 两边的前一段可以不同
    while tail > 0 and not (_starts_line(old.pieces, tail) and _starts_line(new.pieces, tail)):
        tail -= 1
    return start, tail


def _same(old: Sequence[Piece], new: Sequence[Piece], most: int) -> int:
    """开头有几段画出来一样; 至多 most。"""
    for index in range(most):
        before, after = old[index], new[index]
        drawn = (before.text, before.tags, before.picture) == (after.text, after.tags, after.picture)
        if not drawn or (before.action is None) != (after.action is None):
            return index
    return most


def _starts_line(pieces: Sequence[Piece], tail: int) -> bool:
    before = len(pieces) - tail - 1
    return before < 0 or pieces[before].text.endswith("\n")
