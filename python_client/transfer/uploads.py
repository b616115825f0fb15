"""上传的总管: 用户的操作在这里变成队列里的事; 小文件走聊天连接的一帧, 大文件分片走传输连接。"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Sequence

from ..model.events import Event, TransferRemoved
from ..model.transfers import DONE, PAUSED
from ..protocol import client_frames
from ..protocol.address import ServerAddress
from ..protocol.messages import Ack, FileMessage, ServerError
from .chunk_uploads import ChunkUploads
from .discards import Discards
from .frame_uploads import FrameUploads
from .intake import Intake
from .ports import TransferPorts
from .resume_store import ResumeStore
from .server_limits import ServerLimits
from .transfer_door import TransferDoor
from .transfer_list import TransferList
from .upload import Upload
from .upload_keeper import UploadKeeper
from .workers import Workers

# 两个分片上传各一个, 单帧与初审各一个
_THREADS = 4
# 停下时等服务器删掉取消的 (秒)
_STOP_S = 0.5


class Uploads:
    """方法只在循环的线程里调用; store 为 None 则不留续传记录。restore: 上次没有传完的自己接着传。"""

    def __init__(
        self, address: ServerAddress, ports: TransferPorts, store: ResumeStore | None, *, restore: bool = True
    ) -> None:
        self._ports = ports
        self._workers = Workers("sluice-upload", _THREADS)
        self._list = TransferList(self._emit)
        # 与列表里的一一对应 (说明 "列表已满" 的那一行除外)
        self._uploads: dict[str, Upload] = {}
        self._limits = ServerLimits(address, ports, self._workers)
        door = TransferDoor(address, ports)
        self._discards = Discards(door)
        self._keeper = UploadKeeper(address.base, store, self._discards.add)
        self._frames = FrameUploads(ports, self._workers)
        self._chunks = ChunkUploads(ports, door, self._keeper, self._workers)
        self._intake = Intake(self, self._limits, self._keeper, self._workers, restore=restore)

    # ---- 用户的操作 ----

    def add(self, paths: Sequence[Path]) -> list[str]:
        """排队; 返回各自的编号。装不下的没有编号, 最后一个编号是说明它们的那一行。"""
        ids: list[str] = []
        for index, path in enumerate(paths):
            upload = self.new_upload(path)
            ids.append(upload.id)
            if self._list.is_full:
                self._list.add_overflow(upload.describe(), len(paths) - index)
                break
            self._uploads[upload.id] = upload
            self._list.add(upload.describe())
            self._intake.admit(upload)
        return ids

    def pause(self, transfer_id: str) -> bool:
        upload = self._uploads.get(transfer_id)
        transfer = self._list.get(transfer_id)
        can_pause = transfer is not None and transfer.can_pause
        # 已经发出的一帧不能撤回, 马上就有结果
        if upload is not None and can_pause and not self._frames.is_sent(upload):
            self._intake.withdraw(upload)
            self._frames.withdraw(upload)
            self._chunks.withdraw(upload)
            upload.become(PAUSED)
            self._keeper.save(upload, paused=True)
            self._tell_paused(upload)
        return transfer is not None

    def resume(self, transfer_id: str) -> bool:
        """paused 的继续, failed 的重试。"""
        upload = self._uploads.get(transfer_id)
        transfer = self._list.get(transfer_id)
        if upload is not None and transfer is not None and transfer.can_resume:
            upload.renew()
            self._keeper.save(upload)
            self._intake.admit(upload)
        return transfer is not None

    def cancel(self, transfer_id: str) -> bool:
        """从列表去掉; 服务器上已收的尽力删掉。"""
        if self._list.get(transfer_id) is None:
            return False
        upload = self._uploads.pop(transfer_id, None)
        self._list.remove(transfer_id)
        if upload is not None:
            self._discard(upload)
        return True

    def clear_finished(self) -> None:
        self._list.clear_finished()

    # ---- 聊天连接 ----

    def online(self) -> None:
        """每次 welcome 之后。"""
        self._frames.online()
        self._chunks.online()
        self._discards.next()
        self._intake.online()

    def offline(self) -> None:
        """聊天连接断了; 传输连接可能还好好的, 由它自己报告。"""
        self._intake.offline()
        self._frames.offline()

    def handle_ack(self, ack: Ack) -> bool:
        return self._frames.handle_ack(ack)

    def handle_error(self, error: ServerError) -> bool:
        return self._frames.handle_error(error)

    def saw_file(self, file: FileMessage) -> None:
        self._frames.saw_file(file)

    async def stop(self) -> None:
        """1 秒之内停下全部; 可续传的留着记录。"""
        self._limits.stop()
        self._frames.stop()
        await self._intake.stop()
        await asyncio.gather(self._chunks.stop(_STOP_S), self._discards.stop(_STOP_S))
        await self._keeper.stop()
        self._workers.stop()

    # ---- 初审的结果 (IntakePorts) ----

    def route(self, upload: Upload, *, one_frame: bool) -> None:
        """初审过了: 进队。"""
        if one_frame:
            self._frames.enqueue(upload)
        else:
            self._chunks.enqueue(upload)

    def new_upload(self, path: Path) -> Upload:
        return Upload(path, self._list)

    def list_restored(self, upload: Upload) -> bool:
        """以前的运行留下的放进列表; 满了返回 False。"""
        if self._list.is_full:
            return False
        self._uploads[upload.id] = upload
        self._list.add(upload.describe())
        return True

    def take_restored(self, upload: Upload) -> Upload | None:
        """用户又加了一遍还没有传完的文件: 原来的那项让位, 由新的接着传。"""
        for other in self._uploads.values():
            is_same = other.path == upload.path and other.stamp == upload.stamp and other is not upload
            if is_same and other.restored and other.credentials is not None and other.state != DONE:
                self._intake.withdraw(other)
                self._chunks.withdraw(other)
                self._list.remove(other.id)
                return other
        return None

    def _tell_paused(self, upload: Upload) -> None:
        """别人看到的 "上传中" 随之改掉; 没送到也无妨: 那样他们看到的是等我回来。"""
        identity = self._ports.identity()
        if upload.credentials is not None and identity is not None and "pause" in identity.features:
            self._ports.send_frame(client_frames.file_pause(upload.credentials.upload_id))

    def _discard(self, upload: Upload) -> None:
        self._intake.withdraw(upload)
        self._frames.withdraw(upload)
        self._keeper.forget(upload)
        # 正在传的就在那条连接上取消, 其余的另开一条短的
        if not self._chunks.discard(upload) and upload.credentials is not None:
            self._discards.add(upload.credentials)

    def _emit(self, event: Event) -> None:
        if isinstance(event, TransferRemoved):
            self._uploads.pop(event.id, None)
        self._ports.emit(event)
