"""初审: 看文件, 问上限, 找以前没有传完的那次; 一个一个来, 次序就是加入的次序。也恢复上一次运行留下的。"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from pathlib import Path
from typing import Protocol

from ..model.transfers import PAUSED, QUEUED
from .admission import UploadLimits, fits_one_frame, refusal
from .file_stamp import FileStamp, NotAFileError, read_stamp
from .resume_store import ResumeRecord
from .server_limits import ServerLimits
from .upload import Credentials, Upload
from .upload_keeper import UploadKeeper
from .workers import Workers

log = logging.getLogger(__name__)

# 恢复上一次运行留下的: 第一次在线时, 只做一次
LATER = "later"
NOW = "now"
RESTORED = "restored"


class IntakePorts(Protocol):
    """初审的结果交给总管。"""

    def route(self, upload: Upload, *, one_frame: bool) -> None: ...

    def list_restored(self, upload: Upload) -> bool: ...

    def take_restored(self, upload: Upload) -> Upload | None: ...

    def new_upload(self, path: Path) -> Upload: ...


class Intake:
    """等着的至多与列表一样长。"""

    def __init__(
        self,
        ports: IntakePorts,
        limits: ServerLimits,
        keeper: UploadKeeper,
        workers: Workers,
        *,
        restore: bool,
    ) -> None:
        self._ports = ports
        self._limits = limits
        self._keeper = keeper
        self._workers = workers
        self._queue: deque[Upload] = deque()
        # 正在审的; 暂停或取消了就清掉, 审完也不进队
        self._current: Upload | None = None
        self._task: asyncio.Task[None] | None = None
        self._restore_state = LATER if restore else RESTORED
        self._online = asyncio.Event()

    def admit(self, upload: Upload) -> None:
        upload.become(QUEUED)
        self._queue.append(upload)
        self._start()

    def withdraw(self, upload: Upload) -> None:
        if upload in self._queue:
            self._queue.remove(upload)
        if self._current is upload:
            self._current = None

    def online(self) -> None:
        self._online.set()
        if self._restore_state == LATER:
            self._restore_state = NOW
            self._start()

    def offline(self) -> None:
        self._online.clear()

    async def stop(self) -> None:
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._restore_state == NOW or self._queue:
                if self._restore_state == NOW:
                    self._restore_state = RESTORED
                    await self._restore()
                else:
                    self._current = self._queue.popleft()
                    await self._admit(self._current)
        finally:
            self._task = None

    async def _admit(self, upload: Upload) -> None:
        try:
            allowed = await self._examine(upload)
        except (OSError, NotAFileError) as error:
            log.info("intake.unreadable error=%s", error)
            # 上一次运行留下的文件没有了: 服务器上的那一半也没有用了
            if upload.restored:
                self._keeper.abandon(upload)
            self._fail(upload, "unreadable", str(error) if isinstance(error, NotAFileError) else "")
        except Exception as error:
            # 一个文件的意外 (例如路径里有 NUL) 不能让后面的都等着
            log.exception("intake.broken")
            self._fail(upload, "internal", f"客户端内部错误: {error}")
        else:
            if self._current is upload and allowed is not None:
                self._decide(upload, allowed)

    async def _examine(self, upload: Upload) -> UploadLimits | None:
        """None: 已经有结果了。错误: OSError, NotAFileError。"""
        stamp = await self._workers.run(lambda: read_stamp(upload.path))
        if not self._take_stamp(upload, stamp):
            return None
        allowed = await self._limits.get()
        while allowed is None:
            await self._online.wait()
            allowed = await self._limits.get()
        # 等的时候可能取消了: 不能替它认领
        if upload.credentials is None and self._current is upload:
            await self._find_earlier(upload)
        return allowed

    def _take_stamp(self, upload: Upload, stamp: FileStamp) -> bool:
        if upload.credentials is not None and stamp != upload.stamp:
            # 服务器上的是旧版本的一半
            self._keeper.abandon(upload)
            if upload.restored:
                upload.set_stamp(stamp)
                self._fail(upload, "changed", "上次没有传完, 而文件已被改动; 重试会从头发送")
                return False
        upload.set_stamp(stamp)
        return True

    async def _find_earlier(self, upload: Upload) -> None:
        other = self._ports.take_restored(upload)
        if other is not None:
            upload.credentials, upload.hasher = other.credentials, other.hasher
            return
        record = await self._keeper.claim(upload)
        if record is not None:
            upload.credentials = Credentials(record.upload_id, record.resume_token)
            if upload.state is None:
                # 找的时候取消了: 以前的那次也一起取消, 不能占着锁等到退出
                self._keeper.abandon(upload)

    def _decide(self, upload: Upload, allowed: UploadLimits) -> None:
        refused = refusal(upload.name, upload.stamp.size, allowed)
        if refused is not None:
            self._fail(upload, *refused)
            return
        # 有凭据的是传了一半的, 再小也要续完
        is_small = upload.credentials is None and fits_one_frame(upload.stamp.size, allowed.limits)
        self._ports.route(upload, one_frame=is_small)

    def _fail(self, upload: Upload, code: str, message: str) -> None:
        if self._current is upload:
            # 以后的重试就是一个普通的上传
            upload.restored = False
            upload.fail(code, message)

    async def _restore(self) -> None:
        try:
            records = await self._keeper.claim_all()
        except Exception:
            # 恢复不了以前的, 不能连新加的也传不了
            log.exception("intake.restore")
            return
        for record in records:
            upload = self._restored(record)
            if not self._ports.list_restored(upload):
                continue
            if record.paused:
                upload.become(PAUSED)
            else:
                self.admit(upload)

    def _restored(self, record: ResumeRecord) -> Upload:
        upload = self._ports.new_upload(Path(record.path))
        upload.stamp = record.stamp
        upload.credentials = Credentials(record.upload_id, record.resume_token)
        upload.restored = True
        return upload
