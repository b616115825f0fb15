"""另一个进程里的拖放来源: 真的 XDND 协议, 只有鼠标的移动与松开是合成的。

python drag_source.py X Y 类型 内容: 拖到屏幕的 X Y, 对方接受时打印 hovering; stdin 来一行 drop 或 leave; 最后打印动作。
"""

from __future__ import annotations

import importlib
import sys
import tkinter

# 事件里的时刻 (毫秒): 晚于一切真的事件, 否则会被当作过时的
_LATE = 2**31 - 1


class Drag:
    """一次拖动; run 到结束才返回。"""

    def __init__(self, root: tkinter.Tk, x: int, y: int) -> None:
        self._root = root
        self._at = (x, y)

    def run(self, kind: str, data: str) -> str:
        # 否则 Tk 把 text/uri-list 写成 32 位的整数, 而文件管理器给的是字节
        self._root.tk.call("proc", "tkdnd::xdnd::getFormatForType", "type", "return UTF8_STRING")
        # 计时器要到 _dodragdrop 自己的事件循环里才走
        self._root.after(0, self._hover)
        done = self._root.tk.call("tkdnd::xdnd::_dodragdrop", ".", ("copy",), (kind,), (data,), 1)
        return str(done)

    def _hover(self) -> None:
        self._move(self._at)
        self._wait()

    def _wait(self) -> None:
        if self._variable("_dodragdrop_drop_target_accepts_drop") == "1":
            print("hovering", flush=True)
            # 停着不动时对方不需要事件: 读着等
            self._told(sys.stdin.readline().strip())
        else:
            self._root.after(5, self._wait)

    def _told(self, command: str) -> None:
        if command == "drop":
            x, y = self._at
            self._root.event_generate("<ButtonRelease-1>", rootx=x, rooty=y, time=_LATE)
        else:
            # 这里没有窗口
            self._move((1399, 899))
            self._root.tk.call("set", "tkdnd::xdnd::_dragging", 0)

    def _move(self, at: tuple[int, int]) -> None:
        self._root.event_generate("<Motion>", rootx=at[0], rooty=at[1], time=_LATE)

    def _variable(self, name: str) -> str:
        return str(self._root.tk.call("set", f"tkdnd::xdnd::{name}"))


def main() -> None:
    x, y, kind, data = sys.argv[1:]
    root = tkinter.Tk()
    root.geometry("20x20+1300+700")
    importlib.import_module("tkinterdnd2.TkinterDnD").require(root)
    root.update()
    print(Drag(root, int(x), int(y)).run(kind, data), flush=True)
    root.destroy()


if __name__ == "__main__":
    main()
