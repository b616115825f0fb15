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
    # 这一行自己的标签, 删除时一并去掉
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
                placed = self._write(line, row)
                self._placed.insert(index + offset, placed)
                line += placed.lines

    def delete(self, index: int, count: int) -> None:
        gone = self._placed[index : index + count]
        line = self.line_of(index)
        del self._placed[index : index + count]
        with self.editing():
            self._text.delete(f"{line}.0", f"{line + sum(placed.lines for placed in gone)}.0")
        for placed in gone:
            for name in placed.actions:
                self._text.tag_delete(name)
                del self._actions[name]

    def replace(self, index: int, row: Row) -> None:
        # 先在后面写新的, 再删旧的: 旧的里面的 mark 落在新的开头, 下一项开头的 mark 仍在下一项
        with self.editing():
            self.insert(index + 1, [row])
            self.delete(index, 1)

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

    def _write(self, line: int, row: Row) -> _Placed:
        arguments: list[object] = []
        actions: list[str] = []
        pictures: list[tuple[int, int, Piece, tuple[str, ...]]] = []
        row_line, column = 0, 0
        for piece in row.pieces:
            tags = piece.tags
            if piece.action is not None:
                tags = (*tags, self._new_action(piece.action))
                actions.append(tags[-1])
            if piece.picture is not None:
                pictures.append((row_line, column, piece, tags))
                column += 1
                continue
            arguments += [piece.text, tags]
            breaks = piece.text.count("\n")
            row_line += breaks
            column = len(piece.text) - piece.text.rfind("\n") - 1 if breaks else column + len(piece.text)
        # 一次调用写完一项: 每段一次要慢几倍
        if arguments:
            self._text.insert(f"{line}.0", *arguments)  # type: ignore[arg-type]
        # 从前往后补图, 前面的图已经占了一列
        for at_line, at_column, piece, tags in pictures:
            self._place_picture(f"{line + at_line}.{at_column}", piece, tags)
        return _Placed(row, row_line, actions)

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
