"""客户端的核心: 会话与传输装配在一起, 在一个 asyncio 循环里; 窗口与命令行共用。"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Awaitable, Callable, Sequence

from .model.connection import Identity
from .model.events import Event
from .net.kept_session import KeptSession
from .net.pace import Pace
from .protocol.address import ServerAddress
from .protocol.messages import FileMessage, SharedFile
from .session import ChatSession
from .transfer.chat_hooks import ChatHooks
from .transfer.downloads import Downloads
from .transfer.resume_store import ResumeStore
from .transfer.thumbnails import Thumbnails
from .transfer.uploads import Uploads

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClientOptions:
    """folder: 续传记录放在哪里; None 则不留 (一次性的用法)。

    restore: 上次没有传完的自己接着传; 否则只在再次发送同一个文件时接着传 (命令行只发它说的)。
    """

    address: ServerAddress
    name: str
    folder: Path | None
    restore: bool = True


class Client:
    """方法只能在循环的线程里调用; 窗口经 NetworkThread 转交。事件经 emit 送出, room 是读帧之前的背压。"""

    def __init__(
        self,
        options: ClientOptions,
        emit: Callable[[Event], None],
        room: Callable[[], Awaitable[None]],
    ) -> None:
        self._emit = emit
        kept = KeptSession(options.folder, options.address.base)
        self._session = ChatSession(options.address, options.name, emit, room, kept)
        store = None if options.folder is None else ResumeStore(options.folder)
        self._uploads = Uploads(options.address, self, store, restore=options.restore)
        self._downloads = Downloads(self)
        self._thumbnails = Thumbnails(self)
        self._session.hooks = ChatHooks(self._uploads, self._downloads)

    async def run(self) -> None:
        """连接, 断了重连, 直到取消; 取消时关闭连接, 停下传输 (可续传的留着记录), 1 秒内返回。"""
        try:
            await self._session.run()
        finally:
            stopping = [self._uploads.stop(), self._downloads.stop(), self._thumbnails.stop()]
            # 同时: 各有不到 1 秒的期限, 一个出错不妨碍别的
            for error in await asyncio.gather(*stopping, return_exceptions=True):
                if isinstance(error, Exception):
                    log.error("client.stop", exc_info=error)

    # ---- 传输需要的 (TransferPorts) ----

    def identity(self) -> Identity | None:
        return self._session.identity

    def send_frame(self, frame: str) -> bool:
        return self._session.send(frame)

    async def transfer_ticket(self) -> str | None:
        return await self._session.transfer_ticket()

    @property
    def pace(self) -> Pace:
        return self._session.pace

    def rejoin(self) -> None:
        self._session.rejoin()

    def own_upload(self, file_id: str) -> None:
        self._session.offers.settle(file_id)

    def emit(self, event: Event) -> None:
        self._emit(event)

    # ---- 聊天 ----

    def send_text(self, client_id: str, message: str) -> None:
        """断线时留着, 回来再发。结果经 OutboxChanged。"""
        self._session.texts.add(client_id, message)

    def retry_text(self, client_id: str) -> None:
        """failed 的再发一次。"""
        self._session.texts.retry(client_id)

    def discard_text(self, client_id: str) -> None:
        """failed 的不要了。"""
        self._session.texts.discard(client_id)

    def load_older(self, before: int) -> None:
        """before 这个 seq 之前的一页; 应答是 OlderLoaded。"""
        self._session.archive.load_older(before)

    def load_more_files(self, before: int | None) -> None:
        """before 之前的一页文件; None 是最近的。应答是 FilesLoaded。"""
        self._session.archive.load_more_files(before)

    def search(self, number: int, query: str, before: int | None) -> None:
        """正文与文件名里含有 query 的一页, 新的在前; before 是上一页最后一条的 seq。应答是 Searched。"""
        self._session.archive.search(number, query, before)

    def load_context(self, number: int, before: int | None, after: int | None) -> None:
        """某一处之前或之后的一页 (只给一个); 应答是 ContextLoaded。"""
        self._session.archive.load_context(number, before, after)

    def rename(self, name: str) -> None:
        """NameRefused 之后换一个名字再加入。"""
        self._session.rename(name)

    def reconnect(self) -> None:
        """等待重连或停着的立即再连。"""
        self._session.reconnect()

    # ---- 传输 ----

    def send_files(self, paths: Sequence[Path]) -> list[str]:
        """排队发送; 每个文件一个 TransferChanged。返回各项的编号, 次序相同。"""
        return self._uploads.add(paths)

    def save_file(self, file: SharedFile, target: Path) -> str:
        """下载到 target (已存在则覆盖; 半成品在旁边的 .part 里)。返回编号。"""
        return self._downloads.add(file, target)

    def pause(self, transfer_id: str) -> None:
        _ = self._uploads.pause(transfer_id) or self._downloads.pause(transfer_id)

    def resume(self, transfer_id: str) -> None:
        """paused 的继续, failed 的重试。"""
        _ = self._uploads.resume(transfer_id) or self._downloads.resume(transfer_id)

    def cancel(self, transfer_id: str) -> None:
        """从列表去掉; 服务器与磁盘上的半成品都删。"""
        _ = self._uploads.cancel(transfer_id) or self._downloads.cancel(transfer_id)

    def clear_finished(self) -> None:
        self._uploads.clear_finished()
        self._downloads.clear_finished()

    def want_thumbnail(self, file: FileMessage) -> None:
        """取缩略图; 结果是 ThumbnailReady, 取不到时 image 为 None。"""
        self._thumbnails.want(file)
