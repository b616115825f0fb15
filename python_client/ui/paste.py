"""输入框的粘贴: 文字照常; 剪贴板里是文件或图片时发送它们。

X11 上由 Tk 直接问剪贴板的主人, 等待时界面照走; 但 Tk 一次至多收 400 KB, Qt 的程序给出的大图片它收不下, 所以图片先请
xclip 或 wl-paste 来取。Windows 与 macOS 由 Pillow 取。后两样都在后台线程里。
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tkinter
from pathlib import Path
from tkinter import ttk
from typing import Callable, Protocol, Sequence

from PIL import Image, ImageGrab

from ..model.os_errors import describe_os_error
from .errands import Errands
from .file_uris import one_line, paths_in, selection_bytes
from .gather import Gathered, gather
from .pasted_pictures import PastedPictures

log = logging.getLogger(__name__)

# 文件管理器的两种; 有它们时, 同时给出的文字只是路径
_FILE_TARGETS = ("text/uri-list", "x-special/gnome-copied-files")
_TEXT_TARGETS = ("UTF8_STRING", "STRING", "TEXT", "COMPOUND_TEXT")
# 先要不用转换的
# 不要 image/tiff: 不解码它 (picture_file.py)
_PICTURE_TARGETS = ("image/png", "image/jpeg", "image/bmp")
# 排在 Tk 自己的绑定之后的一层: 那时文字已经粘贴好了
_AFTER = "SluicePasted"
# 等 xclip 的期限 (秒): 剪贴板的主人可能不应答
_HELPER_S = 10


class Receiver(Protocol):
    """粘贴来的交给它。"""

    def take(self, paths: Sequence[Path]) -> None: ...

    def send(self, gathered: Gathered) -> None: ...

    def say(self, text: str) -> None: ...


class Paste:
    """fetching 由调用者每轮 deliver; 它同时只做一件, 连按几下不会发几份。"""

    def __init__(self, entry: ttk.Entry, pictures: PastedPictures, receiver: Receiver) -> None:
        self._entry = entry
        self._pictures = pictures
        self._receiver = receiver
        self.fetching = Errands(1)
        self._asking = False
        self._is_x11 = entry.tk.call("tk", "windowingsystem") == "x11"
        entry.bind("<<Paste>>", self._paste)
        own, kind, *rest = entry.bindtags()
        entry.bindtags((own, kind, _AFTER, *rest))
        # PasteSelection: X11 的中键
        for event in ("<<Paste>>", "<<PasteSelection>>"):
            entry.bind_class(_AFTER, event, lambda _: self._flatten())

    def insert(self, text: str) -> None:
        self._entry.insert("insert", one_line(text))

    def _paste(self, _: object) -> str | None:
        """None: 是文字, 由 Tk 自己的绑定粘贴。"""
        taken = self._paste_x11() if self._is_x11 else self._paste_elsewhere()
        return "break" if taken else None

    # ---- X11 ----

    def _paste_x11(self) -> bool:
        if self._asking:
            return True
        # 等应答时 Tk 照样处理事件: 又按了一次要认得出来
        self._asking = True
        try:
            targets = self._select("TARGETS").split()
            return self._take_files(targets) or self._take_picture(targets)
        finally:
            self._asking = False

    def _take_files(self, targets: Sequence[str]) -> bool:
        for target in _FILE_TARGETS:
            if target not in targets:
                continue
            listed = selection_bytes(self._select(target)).decode("utf-8", "replace")
            paths = paths_in(listed)
            if paths:
                self._receiver.take(paths)
                return True
        # 没有, 或只是网页链接: 当作文字
        return False

    def _take_picture(self, targets: Sequence[str]) -> bool:
        offered = [target for target in _PICTURE_TARGETS if target in targets]
        if not offered or any(target in targets for target in _TEXT_TARGETS):
            return False
        helper = _helper(offered[0])
        if helper:
            self._start(lambda: [self._pictures.save_encoded(_output(helper))])
            return True
        # 一个字节写成五个字符; 转换留给后台
        selected = self._select(offered[0])
        if selected:
            self._start(lambda: [self._pictures.save_encoded(selection_bytes(selected))])
        else:
            self._receiver.say("没有粘贴成: 图片太大, 要先装上 xclip; 也可以存成文件再发送")
        return True

    def _select(self, target: str) -> str:
        try:
            return str(self._entry.tk.call("selection", "get", "-selection", "CLIPBOARD", "-type", target))
        except tkinter.TclError as error:
            # 剪贴板是空的, 没有这种, 或它的主人几秒没有应答
            log.info("paste.no_target target=%s error=%s", target, error)
            return ""

    # ---- Windows, macOS ----

    def _paste_elsewhere(self) -> bool:
        try:
            has_text = bool(self._entry.clipboard_get())
        except tkinter.TclError:
            # 没有文字: 才值得问有没有文件与图片
            has_text = False
        if not has_text:
            self._start(self._grab)
        return not has_text

    def _grab(self) -> list[Path]:
        # macOS 上会起一个 osascript
        grabbed = ImageGrab.grabclipboard()
        if isinstance(grabbed, Image.Image):
            return [self._pictures.save_image(grabbed)]
        return [Path(name) for name in grabbed or []]

    # ---- 共用 ----

    def _start(self, fetch: Callable[[], list[Path]]) -> None:
        if not self.fetching.start("paste", lambda: _fetch(fetch), self._receiver.send):
            self._receiver.say("上一次粘贴还没有完, 请稍候")

    def _flatten(self) -> None:
        written, at = self._entry.get(), self._entry.index("insert")
        if one_line(written) != written:
            self._entry.delete(0, "end")
            self._entry.insert(0, one_line(written))
            self._entry.icursor(len(one_line(written[:at])))


def _fetch(fetch: Callable[[], list[Path]]) -> Gathered:
    """在后台线程里。"""
    try:
        paths = fetch()
    except (OSError, ValueError, subprocess.SubprocessError, Image.DecompressionBombError) as error:
        log.warning("paste.failed error=%r", error)
        # Pillow 认不出的也是 OSError, 没有 errno
        reason = describe_os_error(error) if getattr(error, "errno", None) else "剪贴板里的图片读不出来"
        return Gathered(note=f"没有粘贴成: {reason}")
    return gather(paths) if paths else Gathered(note="剪贴板里没有文字, 文件或图片")


def _helper(target: str) -> list[str]:
    """取剪贴板里这一种的命令; 没有装则为空。"""
    if os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-paste"):
        return ["wl-paste", "--type", target]
    if shutil.which("xclip"):
        return ["xclip", "-selection", "clipboard", "-t", target, "-o"]
    return []


def _output(command: Sequence[str]) -> bytes:
    """错误: OSError, SubprocessError (含过了期限)。"""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_HELPER_S, check=True
    )
    return done.stdout
