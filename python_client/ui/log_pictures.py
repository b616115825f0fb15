"""聊天记录里的预览图: 看得见的才去取, 先占好位置, 至多留这么多张。"""

from __future__ import annotations

import logging
import tkinter
from collections import OrderedDict
from typing import TYPE_CHECKING, Callable

from PIL import ImageTk

from ..protocol.messages import FileMessage
from .text_rows import Picture
from .theme import Theme

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

# 每张至多 260 * 200 * 4 字节, 约 200 KB; 全部约 20 MB
MAX_PICTURES = 100
# 取不到的记这么多个, 免得反复去取
_MAX_MISSING = 1000
# 预览的最大边 (96 dpi 下的像素)
_MAX_WIDTH = 260
_MAX_HEIGHT = 200


class LogPictures:
    """want 请求缩略图 (不阻塞); 结果经 loaded 回来。没有取来的先画一道一样高的灰条, 记录不会跳。"""

    def __init__(self, theme: Theme, root: tkinter.Misc, want: Callable[[FileMessage], None]) -> None:
        self._theme = theme
        self._root = root
        self._want = want
        # 已取来的; 最久没看的在前
        self._loaded: OrderedDict[str, ImageTk.PhotoImage] = OrderedDict()
        self._asked: set[str] = set()
        # 值没有用: OrderedDict 当有界的有序集合
        self._missing: OrderedDict[str, None] = OrderedDict()

    def icon(self, kind: str) -> Picture:
        return self._theme.file_icon(kind)

    def preview(self, file: FileMessage) -> Picture | None:
        """None: 不是图片, 或取不到。"""
        if file.thumb_url is None or not file.width or not file.height or file.id in self._missing:
            return None
        loaded = self._loaded.get(file.id)
        return self._theme.blank(self._fit(file.width, file.height)[1]) if loaded is None else loaded

    def seen(self, file: FileMessage) -> None:
        """这一张在眼前: 没有就去取。"""
        if file.id in self._loaded:
            self._loaded.move_to_end(file.id)
        elif self.preview(file) is not None and file.id not in self._asked:
            self._asked.add(file.id)
            self._want(file)

    def loaded(self, file_id: str, image: Image | None) -> list[str]:
        """后台取来并解码的一张; 返回要重画的文件 id (这一张, 与被挤掉的)。"""
        self._asked.discard(file_id)
        if image is None:
            self._missing[file_id] = None
            while len(self._missing) > _MAX_MISSING:
                self._missing.popitem(last=False)
            return [file_id]
        width, height = self._fit(*image.size)
        small = image if image.size == (width, height) else image.resize((width, height))
        self._loaded[file_id] = ImageTk.PhotoImage(small, master=self._root)
        changed = [file_id]
        while len(self._loaded) > MAX_PICTURES:
            # 换回灰条: 占的位置不变, 再看到时再取
            changed.append(self._loaded.popitem(last=False)[0])
        return changed

    def _fit(self, width: int, height: int) -> tuple[int, int]:
        """缩到框里, 不放大。"""
        most_wide, most_high = self._theme.pixels(_MAX_WIDTH), self._theme.pixels(_MAX_HEIGHT)
        ratio = min(1.0, most_wide / width, most_high / height)
        return max(1, round(width * ratio)), max(1, round(height * ratio))
