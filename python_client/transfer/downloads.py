"""下载的总管: 用户的操作在这里变成队列里的事; 同一个目标同时只有一项在写。"""

from __future__ import annotations

from pathlib import Path

from ..model.events import Event, TransferRemoved
from ..model.transfers import DONE, FAILED, PAUSED
from ..protocol.messages import FileMessage, SharedFile
from .download import Download
from .download_queue import DownloadQueue
from .ports import TransferPorts
from .remote_file import remote_file
from .transfer_list import TransferList

# 停下时等线程的期限 (秒); 还在连接的由守护线程自己结束
_STOP_S = 0.8


class Downloads:
    """方法只在循环的线程里调用。"""

    def __init__(self, ports: TransferPorts) -> None:
        self._ports = ports
        self._list = TransferList(self._emit)
        # 与列表里的一一对应 (说明 "列表已满" 的那一行除外)
        self._downloads: dict[str, Download] = {}
        self._queue = DownloadQueue(lambda: ports.identity() is not None)

    def add(self, file: SharedFile, target: Path) -> str:
        """下载到 target (已存在则覆盖); 目标正被另一项使用时是失败的一行。还在上传的跟着它下。"""
        download = Download(remote_file(file), target, self._list)
        if self._list.is_full:
            self._list.add_overflow(download.describe(), 1)
            return download.id
        self._downloads[download.id] = download
        self._list.add(download.describe())
        self._start(download)
        return download.id

    def pause(self, transfer_id: str) -> bool:
        download = self._downloads.get(transfer_id)
        transfer = self._list.get(transfer_id)
        if transfer is not None and download is not None and transfer.can_pause:
            self._queue.withdraw(download)
            download.become(PAUSED)
        return transfer is not None

    def resume(self, transfer_id: str) -> bool:
        """paused 的继续, failed 的重试。"""
        download = self._downloads.get(transfer_id)
        transfer = self._list.get(transfer_id)
        if transfer is not None and download is not None and transfer.can_resume:
            download.renew()
            self._start(download)
        return transfer is not None

    def cancel(self, transfer_id: str) -> bool:
        """从列表去掉, 半成品也删。"""
        transfer = self._list.get(transfer_id)
        download = self._downloads.get(transfer_id)
        self._list.remove(transfer_id)
        if transfer is not None and download is not None and transfer.state != DONE:
            # 别的一项正在写同一个目标 (这一项因此失败了): .part 是它的
            if self._is_taken(download):
                self._queue.withdraw(download)
            else:
                self._queue.discard(download)
        return transfer is not None

    def clear_finished(self) -> None:
        self._list.clear_finished()

    def online(self) -> None:
        """每次 welcome 之后。"""
        self._queue.online()

    def saw_file(self, file: FileMessage) -> None:
        """还在上传时就开始下的, 现在知道 SHA-256 了: 再试时用它。"""
        for download in self._downloads.values():
            if download.file.id == file.id and not download.file.sha256:
                download.file = remote_file(file)

    async def stop(self) -> None:
        """1 秒之内停下全部; 半成品留着。"""
        await self._queue.stop(_STOP_S)

    def _start(self, download: Download) -> None:
        if self._is_taken(download):
            download.fail("unwritable", "另一项下载正在写这个文件")
        else:
            self._queue.enqueue(download)

    def _is_taken(self, download: Download) -> bool:
        active = [each for each in self._downloads.values() if each.state not in (None, DONE, FAILED)]
        return any(
            other is not download and other.has_target_of(download)
            for other in [*active, *self._queue.running]
        )

    def _emit(self, event: Event) -> None:
        if isinstance(event, TransferRemoved):
            self._downloads.pop(event.id, None)
        self._ports.emit(event)
