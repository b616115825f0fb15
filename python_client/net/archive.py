"""翻旧账: 向上翻的一页, 文件列表, 搜索, 某一条前后的聊天; 只问不放行, 与补齐互不相干。"""

from __future__ import annotations

import logging

from ..model.events import ContextLoaded, FilesLoaded, OlderLoaded, Searched
from ..protocol.messages import History
from .catch_up import PAGE
from .history_requests import HistoryError, HistoryRequests
from .ports import FeedPorts

log = logging.getLogger(__name__)

# 搜索一页的条数
SEARCH_PAGE = 30


class Archive:
    """每一问都在后台, 应答是一个事件; 没有取到的事件里说明原因。"""

    def __init__(self, ports: FeedPorts, requests: HistoryRequests) -> None:
        self._ports = ports
        self._requests = requests

    def load_older(self, before: int) -> None:
        """before 这个 seq 之前的一页; 应答是 OlderLoaded。"""
        self._ports.spawn(self._load_older(before))

    def load_more_files(self, before: int | None) -> None:
        """before 之前的一页文件; None 是最近的。应答是 FilesLoaded。"""
        self._ports.spawn(self._load_files(before))

    def search(self, number: int, query: str, before: int | None) -> None:
        """一页搜索结果; 应答是带着同一个 number 的 Searched。"""
        self._ports.spawn(self._search(number, query, before))

    def load_context(self, number: int, before: int | None, after: int | None) -> None:
        """before 之前或 after 之后的一页; 应答是带着同一个 number 的 ContextLoaded。"""
        self._ports.spawn(self._load_context(number, before, after))

    async def _load_older(self, before: int) -> None:
        try:
            page = await self._requests.request(PAGE, before=before)
        except HistoryError as error:
            log.info("archive.older_failed error=%s", error)
            self._ports.emit(OlderLoaded((), True))
            return
        self._ports.emit(OlderLoaded(page.messages, page.more))

    async def _load_files(self, before: int | None) -> None:
        try:
            page = await self._requests.request(PAGE, before=before, kind="file")
        except HistoryError as error:
            log.info("archive.files_failed error=%s", error)
            self._ports.emit(FilesLoaded((), True))
            return
        self._ports.emit(FilesLoaded(page.messages, page.more, page.total))

    async def _search(self, number: int, query: str, before: int | None) -> None:
        try:
            page = await self._requests.search(query, SEARCH_PAGE, before)
        except HistoryError as error:
            log.info("archive.search_failed error=%s", error)
            self._ports.emit(Searched(number, error=str(error)))
            return
        # 一条也认不出来却说还有: 没有可以接着要的地方
        self._ports.emit(Searched(number, page.messages, page.more and len(page.messages) > 0))

    async def _load_context(self, number: int, before: int | None, after: int | None) -> None:
        try:
            page: History = await self._requests.request(PAGE, before=before, after=after)
        except HistoryError as error:
            log.info("archive.context_failed error=%s", error)
            self._ports.emit(ContextLoaded(number, is_newer=after is not None, error=str(error)))
            return
        more = page.more and len(page.messages) > 0
        self._ports.emit(ContextLoaded(number, page.messages, more, is_newer=after is not None))
