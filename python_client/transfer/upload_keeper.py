"""进行中的上传与续传记录之间: 有了凭据就记下, 完成或放弃就删; 写盘在工作线程里, 依次进行。"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Callable

from .resume_store import ResumeRecord, ResumeStore
from .upload import Credentials, Upload
from .workers import Workers

log = logging.getLogger(__name__)

# 退出时让出锁的期限 (秒)
_CLOSE_S = 0.3


class UploadKeeper:
    """store 为 None 时什么也不记。discard: 让服务器删掉已收的。"""

    def __init__(self, base: str, store: ResumeStore | None, discard: Callable[[Credentials], None]) -> None:
        self._base = base
        self._store = store
        self._discard = discard
        # 一个线程: 同一条记录的写与删不会颠倒。排队的至多是列表的长度
        self._workers = Workers("sluice-records", 1)

    def save(self, upload: Upload, *, paused: bool = False) -> None:
        record = self._record(upload, paused)
        if self._store is not None and record is not None:
            store = self._store
            self._workers.run(lambda: store.save(record)).add_done_callback(_note)

    def forget(self, upload: Upload) -> None:
        """服务器不会再用它; upload.credentials 由调用者处理。"""
        credentials = upload.credentials
        if self._store is not None and credentials is not None:
            store, upload_id = self._store, credentials.upload_id
            self._workers.run(lambda: store.remove(upload_id)).add_done_callback(_note)

    def abandon(self, upload: Upload) -> None:
        """记录删掉, 服务器已收的也删掉, 从此没有凭据。"""
        if upload.credentials is not None:
            self.forget(upload)
            self.discard(upload.credentials)
            upload.forget_server()

    def discard(self, credentials: Credentials) -> None:
        """让服务器删掉已收的, 尽力而为。"""
        self._discard(credentials)

    async def claim_all(self) -> list[ResumeRecord]:
        """以前的运行留下的, 旧的在前; 别的实例正在传的不算。"""
        store, base = self._store, self._base
        return [] if store is None else await self._workers.run(lambda: store.claim_all(base))

    async def claim(self, upload: Upload) -> ResumeRecord | None:
        """同一个文件 (路径, 大小, 修改时间都相同) 以前没有传完的那次。"""
        if self._store is None:
            return None
        store, base, path, stamp = self._store, self._base, str(upload.path), upload.stamp
        return await self._workers.run(lambda: store.claim(base, path, stamp))

    async def stop(self) -> None:
        """记录留着, 让出锁, 别的实例就能接着传。"""
        if self._store is not None:
            # 家目录在网络盘上而它不应: 不等, 锁随进程放开
            await asyncio.wait({self._workers.run(self._store.close)}, timeout=_CLOSE_S)
        self._workers.stop()

    def _record(self, upload: Upload, paused: bool) -> ResumeRecord | None:
        credentials = upload.credentials
        if credentials is None:
            return None
        return ResumeRecord(
            base=self._base,
            path=str(upload.path),
            stamp=upload.stamp,
            upload_id=credentials.upload_id,
            resume_token=credentials.resume_token,
            started=time.time(),
            paused=paused,
        )


def _note(future: asyncio.Future[None]) -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None:
        # 没有人等的: 少一条记录只是下次启动不能接着传
        log.info("records.failed error=%r", error)
