"""代理的手与眼: 在真的窗口上做用户的动作, 读用户看得见的东西; 只在 Tk 的线程里调用。"""

from __future__ import annotations

import os
import queue
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Mapping, Sequence
from unittest.mock import patch

from ..model.transfers import FAILED, Transfer
from ..ui.window import Window

# do 是动作的名字, 其余是它的参数
Request = Dict[str, Any]
# 反复调用, 直到给出 None 以外的值
Poll = Callable[[], Any]

# 比它小的是文件图标与占位的灰条, 不是预览 (像素)
_MIN_PREVIEW = 32


class DesktopHands:
    """begin 做动作, 返回等结果的条件; window 由代理在建好之后给。"""

    def __init__(self) -> None:
        self.window: Window
        # 上次问过之后, 两次刻度之间最长的间隔 (秒)
        self.longest_gap_s = 0.0
        # 文件对话框里 "用户" 选了什么
        self._chosen: Any = ()
        self._opened: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._commands: Mapping[str, Callable[[Request], Poll]] = {
            "status": self._status,
            "say": self._say,
            "log": self._log,
            "people": self._people,
            "sendFiles": self._send_files,
            "files": self._files,
            "pictures": self._pictures,
            "save": self._save,
            "transfers": self._transfers,
            "openFirst": self._open_first,
            "screenshot": self._screenshot,
            "longestGap": self._longest_gap,
        }

    @contextmanager
    def intercepted(self) -> Iterator[None]:
        """离开这个进程的三处: 两个文件对话框与浏览器。"""

        def open_url(url: str) -> bool:
            self._opened.put(url)
            return True

        with ExitStack() as patches:
            for name in ("askopenfilenames", "asksaveasfilename"):
                patches.enter_context(patch(f"tkinter.filedialog.{name}", lambda **_: self._chosen))
            patches.enter_context(patch("webbrowser.open", open_url))
            yield

    def begin(self, request: Request) -> Poll:
        """错误: 没有这个动作, 或做不成, 抛出的异常就是原因。"""
        return self._commands[request["do"]](request)

    def close(self) -> None:
        """同窗口管理器的关闭按钮。"""
        root = self.window.root
        root.tk.eval(root.protocol("WM_DELETE_WINDOW"))

    def describe(self) -> str:
        """等不到时写进错误里。"""
        status = self.window.status.label.cget("text")
        items = [(item.name, item.state, item.error) for item in self.window.transfers.items]
        return f"{status}; {self._names()}; {items}; {self._shown_files()}\n{self._shown_log()}"

    # ---- 聊天 ----

    def _status(self, request: Request) -> Poll:
        """状态栏是 text。"""
        return lambda: self.window.status.label.cget("text") == request["text"] or None

    def _say(self, request: Request) -> Poll:
        """写进输入框 (同输入法), 按回车; 返回输入框里剩下的。"""
        entry = self.window.composer.entry
        entry.insert("end", request["text"])
        entry.focus_force()
        entry.event_generate("<Return>")
        return entry.get

    def _log(self, request: Request) -> Poll:
        """记录里有 contains 的每一句, 而且没有还在发送的; 返回全文。"""

        def shown() -> str | None:
            text = self._shown_log()
            ready = not self.window.state.outgoing.items and all(part in text for part in request["contains"])
            return text if ready else None

        return shown

    def _people(self, request: Request) -> Poll:
        """在线用户恰是 names, 不论次序。"""
        return lambda: sorted(self._names()) == sorted(request["names"]) or None

    # ---- 文件 ----

    def _send_files(self, request: Request) -> Poll:
        """按 "文件" 按钮, 在对话框里选 paths。"""
        self._chosen = tuple(request["paths"])
        self.window.composer.file_button.invoke()
        return lambda: True

    def _files(self, request: Request) -> Poll:
        """文件列表里有 name; 返回整个列表, 新的在前。"""
        return lambda: self._shown_files() if request["name"] in self._shown_files() else None

    def _pictures(self, request: Request) -> Poll:
        """记录里看得见的预览恰有 count 张; 返回各自的大小与屏幕上正中的颜色。"""

        def shown() -> Sequence[Mapping[str, Any]] | None:
            boxes = self._preview_boxes()
            return [self._seen(box) for box in boxes] if len(boxes) == request["count"] else None

        return shown

    def _save(self, request: Request) -> Poll:
        """在文件列表里右键 name, 另存为 path; 不等下载完。"""
        index = self._shown_files().index(request["name"])
        listbox = self.window.files.listbox
        listbox.see(index)
        box = listbox.bbox(index)
        assert box is not None, "列表里的这一项看不见"
        self._chosen = request["path"]
        listbox.event_generate("<Button-3>", x=box[0] + 5, y=box[1] + 5)
        menu = self.window.menu.menu
        assert menu.winfo_ismapped(), "右键菜单没有弹出"
        labels = [menu.entrycget(place, "label") for place in range(3)]
        menu.invoke(labels.index("另存为 ..."))
        menu.unpost()
        return lambda: True

    def _transfers(self, request: Request) -> Poll:
        """name 的传输都到了 state; 返回它们。有失败的立即说原因。"""

        def settled() -> Sequence[Mapping[str, Any]] | None:
            items = [item for item in self.window.transfers.items if item.name == request["name"]]
            _check(items, request["state"])
            ready = bool(items) and all(item.state == request["state"] for item in items)
            return [asdict(item) for item in items] if ready else None

        return settled

    def _open_first(self, _: Request) -> Poll:
        """单击列表里的第一个; 返回浏览器被要求打开的网址。"""
        listbox = self.window.files.listbox
        listbox.see(0)
        box = listbox.bbox(0)
        assert box is not None, "列表是空的"
        for event in ("<Button-1>", "<ButtonRelease-1>"):
            listbox.event_generate(event, x=box[0] + 5, y=box[1] + 5)
        return lambda: None if self._opened.empty() else self._opened.get_nowait()

    # ---- 测量 ----

    def _screenshot(self, request: Request) -> Poll:
        self._grab().save(Path(request["path"]))
        return lambda: True

    def _longest_gap(self, _: Request) -> Poll:
        """毫秒; 问过就从头算。"""
        gap_s, self.longest_gap_s = self.longest_gap_s, 0.0
        return lambda: gap_s * 1000

    # ---- 看 ----

    def _shown_log(self) -> str:
        return self.window.log.text.get("1.0", "end-1c")

    def _shown_files(self) -> Sequence[str]:
        return [file.original_name for file in self.window.files.files]

    def _names(self) -> Sequence[str]:
        tree = self.window.people.tree
        return [tree.item(row, "text").strip().replace(" (我)", "") for row in tree.get_children()]

    def _preview_boxes(self) -> Sequence[tuple[int, int, int, int]]:
        """眼前的预览在 Text 里的中心与大小, 从上到下。"""
        text = self.window.log.text
        found = []
        for name in text.image_names():
            image = text.image_cget(name, "image")
            width, height = (int(text.tk.call("image", size, image)) for size in ("width", "height"))
            box = text.bbox(name)
            # bbox 的左上是格子的: 图在格子里居中, 中心不变
            if box is not None and min(width, height) >= _MIN_PREVIEW:
                found.append((box[0] + box[2] // 2, box[1] + box[3] // 2, width, height))
        return sorted(found, key=lambda box: box[1])

    def _seen(self, box: tuple[int, int, int, int]) -> Mapping[str, Any]:
        text, root = self.window.log.text, self.window.root
        x = text.winfo_rootx() - root.winfo_rootx() + box[0]
        y = text.winfo_rooty() - root.winfo_rooty() + box[1]
        red, green, blue = self._grab().getpixel((x, y))
        return {"width": box[2], "height": box[3], "color": f"#{red:02x}{green:02x}{blue:02x}"}

    def _grab(self) -> Any:
        # 用到才导入: 量内存的压测不截图
        from PIL import ImageGrab

        root = self.window.root
        root.update_idletasks()
        # 问一次就有一次来回: 截图走另一条连接, 之前的都要先画完
        root.winfo_pointerxy()
        x, y = root.winfo_rootx(), root.winfo_rooty()
        area = (x, y, x + root.winfo_width(), y + root.winfo_height())
        return ImageGrab.grab(bbox=area, xdisplay=os.environ.get("DISPLAY"))


def _check(items: Sequence[Transfer], wanted: str) -> None:
    for item in items:
        if item.state == FAILED and wanted != FAILED:
            reason = "原因不明" if item.error is None else item.error.message
            raise AssertionError(f"{item.name} 没有传成: {reason}")
