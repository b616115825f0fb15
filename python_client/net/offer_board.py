"""别人正在上传, 已经可以下载的文件; 变了就把整张表送出去, 至多这么多项。"""

from __future__ import annotations

from collections import OrderedDict
from typing import Callable

from ..model.events import OffersChanged
from ..protocol.messages import FileOffer

# 服务器同时在传的上限 (uploads.maxActive) 远小于它
MAX_OFFERS = 200
# 记住这么多个不该再列出的 id: 自己的上传 (它的 file_offer 与 file_ready 走两条连接, 先后不定), 已发布的
MAX_SETTLED = 1000


class OfferBoard:
    """在循环的线程里用; 断线时清空, 加入时服务器会把正在进行的再说一遍。"""

    def __init__(self, emit: Callable[[OffersChanged], None]) -> None:
        self._emit = emit
        self._offers: dict[str, FileOffer] = {}
        self._settled: OrderedDict[str, None] = OrderedDict()

    def offered(self, offer: FileOffer) -> None:
        """开始, 续传, 或有进展: 后来的盖住先前的。"""
        if offer.id in self._settled or self._offers.get(offer.id) == offer:
            return
        if offer.id in self._offers or len(self._offers) < MAX_OFFERS:
            self._offers[offer.id] = offer
            self._changed()

    def withdrawn(self, file_id: str) -> None:
        """以后续传时会再有。"""
        if self._offers.pop(file_id, None) is not None:
            self._changed()

    def settle(self, file_id: str) -> None:
        """已发布, 或是自己的上传: 不再列出。"""
        self._settled[file_id] = None
        if len(self._settled) > MAX_SETTLED:
            self._settled.popitem(last=False)
        self.withdrawn(file_id)

    def clear(self) -> None:
        """断线。"""
        if self._offers:
            self._offers.clear()
            self._changed()

    def _changed(self) -> None:
        self._emit(OffersChanged(tuple(self._offers.values())))
