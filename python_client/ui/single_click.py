"""单击: 按下又在原处放开才算; 拖动不算, 双击的第二下不算。"""

from __future__ import annotations

import tkinter
from typing import Callable, Generic, TypeVar

# 手按下去会抖: 移开这么远才是拖动 (像素)
_STEADY = 4

_Item = TypeVar("_Item")


class SingleClick(Generic[_Item]):
    """at: 鼠标下的一项, 没有为 None; clicked: 单击了按下时的那一项 (放开时列表可能已经变了)。

    部件自己的绑定 (选中, 焦点) 照常。
    """

    def __init__(
        self,
        widget: tkinter.Misc,
        at: Callable[[tkinter.Event[tkinter.Misc]], _Item | None],
        clicked: Callable[[_Item], None],
    ) -> None:
        self._at = at
        self._clicked = clicked
        self._pressed: _Item | None = None
        self._start = (0, 0)
        widget.bind("<ButtonPress-1>", self._press, add=True)
        # 比上面的具体, 第二下与第三下只到这里
        widget.bind("<Double-ButtonPress-1>", lambda _: self._drop(), add=True)
        widget.bind("<B1-Motion>", self._move, add=True)
        widget.bind("<ButtonRelease-1>", self._release, add=True)

    def _press(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self._pressed = self._at(event)
        self._start = (event.x, event.y)

    def _move(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if max(abs(event.x - self._start[0]), abs(event.y - self._start[1])) > _STEADY:
            self._drop()

    def _release(self, event: tkinter.Event[tkinter.Misc]) -> None:
        # 快得没有 Motion 的拖动
        self._move(event)
        item, self._pressed = self._pressed, None
        if item is not None:
            self._clicked(item)

    def _drop(self) -> None:
        self._pressed = None
