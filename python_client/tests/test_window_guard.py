"""看守本身: 别的线程碰了部件, 变量或图片, 一定看得见。"""

from __future__ import annotations

import gc
import threading
import tkinter
import weakref
from tkinter import ttk
from typing import Callable

import pytest
from PIL import Image, ImageTk

from .tk_display import Desktop, HandFedNetwork, wait_until


def _in_thread(root: tkinter.Tk, action: Callable[[], object]) -> None:
    """在另一个线程里做; 主线程在 mainloop 里, 那时跨线程的 Tk 调用悄悄成功, 正是要看守的情形。"""
    thread = threading.Thread(target=action, name="intruder")

    def poll() -> None:
        if thread.is_alive():
            root.after(5, poll)
        else:
            root.quit()

    thread.start()
    root.after(5, poll)
    root.mainloop()
    thread.join()


def _touch_label(root: tkinter.Tk) -> Callable[[], object]:
    label = ttk.Label(tkinter.Frame(root))
    return lambda: label.configure(text="偷偷改的")


def _touch_variable(root: tkinter.Tk) -> Callable[[], object]:
    variable = tkinter.StringVar(root)
    return lambda: variable.set("偷偷改的")


def _drop_image(root: tkinter.Tk) -> Callable[[], object]:
    images = [ImageTk.PhotoImage(Image.new("RGB", (8, 8)), master=root)]
    # 最后一个引用在别的线程里消失: __del__ 就在那里运行
    return images.clear


def _schedule(root: tkinter.Tk) -> Callable[[], object]:
    return lambda: root.after(0, lambda: None)


@pytest.mark.parametrize("make", [_touch_label, _touch_variable, _drop_image, _schedule])
def test_别的线程碰了界面_看守就不通过(
    desktop: Desktop, make: Callable[[tkinter.Tk], Callable[[], object]]
) -> None:
    root = tkinter.Tk()
    _in_thread(root, make(root))
    with pytest.raises(AssertionError, match="intruder"):
        desktop.check()
    desktop.foreign.clear()
    root.destroy()


def test_主线程里怎么用都不算(desktop: Desktop) -> None:
    root = tkinter.Tk()
    _touch_label(root)()
    _drop_image(root)()
    root.update()
    root.destroy()
    assert desktop.foreign == []


class _Cycle:
    """一个图片在循环引用里: 引用计数收不走, 只有循环回收能收。"""

    def __init__(self, root: tkinter.Tk) -> None:
        self.image = ImageTk.PhotoImage(Image.new("RGB", (8, 8)), master=root)
        self.itself = self


def test_窗口开着时_循环里的图片只在主线程回收(desktop: Desktop) -> None:
    was_enabled = gc.isenabled()
    window = desktop.open(HandFedNetwork())
    assert not gc.isenabled()
    collectors: list[threading.Thread] = []
    dead = weakref.ref(_Cycle(window.root), lambda _: collectors.append(threading.current_thread()))
    # 足够让自动回收跑很多遍的分配, 都在另一个线程里
    _in_thread(window.root, lambda: [[number] for number in range(200_000)])
    wait_until(window.root, lambda: gc.collect() >= 0 and dead() is None)
    assert collectors == [threading.main_thread()]
    window.close()
    assert gc.isenabled() == was_enabled
    assert desktop.foreign == []
