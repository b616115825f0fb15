"""缩略图: 取来, 在线程里解码成 RGBA; 界面只剩变成 PhotoImage 的一步。"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from ..model.events import ThumbnailReady
from ..net.backoff import backoff_s
from ..picture_file import open_picture
from ..protocol.messages import FileMessage
from .http_request import HttpRequest, get_small, told_in
from .ports import TransferPorts
from .workers import Workers

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

_MAX_RUNNING = 2
# 滚得飞快时只管最近的
_MAX_QUEUED = 200
# 服务器的缩略图是 320 像素的 WebP, 几十 KB
_MAX_BODY_BYTES = 512 * 1024
_MAX_SIDE = 320
_MAX_PIXELS = 4_000_000
# 服务器排队满了 (503) 再试几次
_MAX_ATTEMPTS = 4


class _BusyError(Exception):
    """told_s 秒之后再来。"""

    def __init__(self, told_s: float) -> None:
        super().__init__(told_s)
        self.told_s = told_s


class Thumbnails:
    """方法只在循环的线程里调用。"""

    def __init__(self, ports: TransferPorts) -> None:
        self._ports = ports
        self._workers = Workers("sluice-thumbnail", _MAX_RUNNING)
        # 键是 file.id, 后来的在后
        self._queue: OrderedDict[str, str] = OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._requests: set[HttpRequest] = set()

    def want(self, file: FileMessage) -> None:
        """结果是 ThumbnailReady; 同一个正在取的不再取。"""
        if file.thumb_url is None:
            self._ports.emit(ThumbnailReady(file.id, None))
            return
        if file.id in self._running or file.id in self._queue:
            return
        self._queue[file.id] = file.thumb_url
        if len(self._queue) > _MAX_QUEUED:
            dropped, _ = self._queue.popitem(last=False)
            self._ports.emit(ThumbnailReady(dropped, None))
        self._fill()

    async def stop(self) -> None:
        """立即停下; 还没有取到的没有事件。"""
        self._queue.clear()
        for request in self._requests:
            request.abort()
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._workers.stop()

    def _fill(self) -> None:
        while self._queue and len(self._running) < _MAX_RUNNING:
            file_id, url = self._queue.popitem(last=False)
            self._running[file_id] = asyncio.get_running_loop().create_task(self._work(file_id, url))

    async def _work(self, file_id: str, url: str) -> None:
        try:
            image = await self._fetch(url)
            self._ports.emit(ThumbnailReady(file_id, image))
        finally:
            del self._running[file_id]
        self._fill()

    async def _fetch(self, url: str) -> Image | None:
        for attempt in range(_MAX_ATTEMPTS):
            try:
                return await self._try(url)
            except _BusyError as busy:
                await asyncio.sleep(max(backoff_s(attempt), busy.told_s))
            except Exception as error:
                # 坏图, 断线, 没有 Pillow: 都只是没有预览
                log.info("thumbnail.failed url=%s error=%r", url, error)
                return None
        return None

    async def _try(self, url: str) -> Image | None:
        request = HttpRequest(url)
        self._requests.add(request)
        try:
            return await self._workers.run(lambda: _load(request))
        finally:
            self._requests.discard(request)


def _load(request: HttpRequest) -> Image | None:
    """取来并解码; 工作线程里。"""
    status, body = get_small(request, _MAX_BODY_BYTES)
    if status in (429, 503):
        raise _BusyError(told_in(body))
    return decode(body) if status == 200 else None


def decode(body: bytes) -> Image:
    """至多 320 像素的 RGBA。错误: 不是图片, 尺寸过大, 内容损坏。"""
    with open_picture(body, _MAX_PIXELS) as image:
        converted: Image = image.convert("RGBA")
    converted.thumbnail((_MAX_SIDE, _MAX_SIDE))
    return converted
