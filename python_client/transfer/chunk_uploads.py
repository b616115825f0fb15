"""分片上传的队列: 先来先传, 同时两个; 断线与服务器忙时等待, 自己会继续。"""

from __future__ import annotations

import asyncio
from collections import deque

from ..model.transfers import CHECKING, MOVING, QUEUED, VERIFYING
from ..net.backoff import backoff_s
from ..net.pace import FILES
from ..protocol.messages import FileReady
from . import upload_outcome
from .ports import TransferPorts
from .transfer_door import TransferDoor
from .upload import Credentials, Upload
from .upload_keeper import UploadKeeper
from .upload_outcome import Outcome
from .upload_run import UploadRun
from .workers import Workers

_MAX_RUNNING = 2
# 一次上传在传输连接上占几条: file_start 与 file_end; 秒传再有两条, 由留着不用的垫上
_MESSAGES_PER_RUN = 2
# 开始之前另要一张票: 它在发的时候自己记
_MESSAGES_TO_START = _MESSAGES_PER_RUN + 1
# 取消正在传的: 等服务器删净的期限 (秒)
_DISCARD_S = 10.0
# 会话失效 (4001): 聊天连接重新加入就会叫醒; 它若一直在线, 这么久之后再试 (秒)
_UNAUTHORIZED_S = 30.0
_UNAUTHORIZED = 4001
# 服务器已删, 留着记录没有用
_ERASED = frozenset(
    {"file_type_forbidden", "file_too_large", "size_mismatch", "checksum_mismatch", "storage_full"}
)


class ChunkUploads:
    """三处之一: 排队, 运行, 等待; 总数以列表的上限为限。"""

    def __init__(
        self, ports: TransferPorts, door: TransferDoor, keeper: UploadKeeper, workers: Workers
    ) -> None:
        self._ports = ports
        self._door = door
        self._keeper = keeper
        self._workers = workers
        self._queue: deque[Upload] = deque()
        self._running: dict[Upload, tuple[UploadRun, asyncio.Task[None]]] = {}
        self._waiting: dict[Upload, asyncio.TimerHandle] = {}
        # 等着轮到: 很多不大不小的文件, 开头与结尾的消息也有速率
        self._turn: asyncio.TimerHandle | None = None
        # 聊天连接加入过几次
        self._joins = 0
        # 已取消而服务器还在删的; 各有期限
        self._discarding: set[asyncio.Task[None]] = set()

    def enqueue(self, upload: Upload) -> None:
        upload.become(QUEUED)
        self._queue.append(upload)
        self._fill()

    def withdraw(self, upload: Upload) -> None:
        """暂停: 不管它在哪里, 都拿出来。"""
        self._remove_idle(upload)
        run = self._running.pop(upload, None)
        if run is not None:
            run[1].cancel()
        self._fill()

    def discard(self, upload: Upload) -> bool:
        """取消: 正在传的让服务器就在这条连接上删掉。False: 没有这样的连接, 由别人去删。"""
        self._remove_idle(upload)
        entry = self._running.pop(upload, None)
        self._fill()
        if entry is None:
            return False
        run, task = entry
        if not run.discard():
            task.cancel()
            return False
        waiting = asyncio.get_running_loop().create_task(self._await_discard(run, task))
        self._discarding.add(waiting)
        waiting.add_done_callback(self._discarding.discard)
        return True

    def online(self) -> None:
        """聊天连接回来了: 等着的都不必再等。"""
        self._joins += 1
        for upload in reversed(list(self._waiting)):
            self._again(upload)
        self._fill()

    async def stop(self, timeout_s: float) -> None:
        """停下全部; 正在删的再给一点时间。"""
        if self._turn is not None:
            self._turn.cancel()
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        self._queue.clear()
        tasks = [task for _, task in self._running.values()]
        self._running.clear()
        for task in tasks:
            task.cancel()
        if self._discarding:
            await asyncio.wait(self._discarding, timeout=timeout_s)
        for waiting in self._discarding:
            waiting.cancel()
        await asyncio.gather(*tasks, *self._discarding, return_exceptions=True)

    # ---- 队列 ----

    def _fill(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        identity = self._ports.identity()
        while identity is not None and self._queue and len(self._running) < _MAX_RUNNING:
            wait_s = self._ports.pace.wait_s(FILES, _MESSAGES_TO_START)
            if wait_s > 0:
                self._turn = asyncio.get_running_loop().call_later(wait_s, self._fill)
                return
            self._ports.pace.spent(_MESSAGES_PER_RUN)
            upload = self._queue.popleft()
            # 新的没有可核对的
            upload.become(MOVING if upload.credentials is None else CHECKING)
            binary = "binary_chunk" in identity.features
            run = UploadRun(upload, self._door, binary=binary, reports=self, workers=self._workers)
            self._running[upload] = run, asyncio.get_running_loop().create_task(self._run(upload, run))

    async def _run(self, upload: Upload, run: UploadRun) -> None:
        joins = self._joins
        outcome = await run.run()
        entry = self._running.get(upload)
        # 已暂停或取消, 也许已经又开始了一次
        if entry is None or entry[0] is not run:
            return
        del self._running[upload]
        self._settle(upload, outcome, is_current=joins == self._joins)
        self._fill()

    def _retry(self, upload: Upload) -> None:
        self._again(upload)
        self._fill()

    def _again(self, upload: Upload) -> None:
        # 排在最前: 传了一半的先传完。仍不在线的话排着就是等着, 状态还是 waiting
        timer = self._waiting.pop(upload, None)
        if timer is not None:
            timer.cancel()
            self._queue.appendleft(upload)

    def _remove_idle(self, upload: Upload) -> None:
        if upload in self._queue:
            self._queue.remove(upload)
        timer = self._waiting.pop(upload, None)
        if timer is not None:
            timer.cancel()

    async def _await_discard(self, run: UploadRun, task: asyncio.Task[None]) -> None:
        await asyncio.wait({task}, timeout=_DISCARD_S)
        task.cancel()
        # 半路断了: 再连一次去删
        if not run.is_discarded and run.credentials is not None:
            self._keeper.discard(run.credentials)

    # ---- 报告 (RunReports) ----

    def ready(self, upload: Upload, credentials: Credentials, ready: FileReady) -> None:
        # 自己的上传的文件 id, 一知道就说
        self._ports.own_upload(ready.file_id)
        is_new = upload.credentials != credentials
        upload.credentials = credentials
        upload.named(ready.original_name)
        upload.set_moved(ready.offset)
        # 有同样大小的文件: 先算完整个文件, 看能不能秒传
        if ready.size_known or upload.hasher.position < ready.offset:
            upload.become(CHECKING)
        if is_new:
            self._keeper.save(upload)

    def sending(self, upload: Upload) -> None:
        upload.become(MOVING)

    def verifying(self, upload: Upload) -> None:
        upload.become(VERIFYING)

    def _settle(self, upload: Upload, outcome: Outcome, *, is_current: bool) -> None:
        """is_current: 运行期间聊天连接没有重新加入过。"""
        if outcome.done is not None:
            self._keeper.forget(upload)
            upload.named(outcome.done.file.original_name)
            upload.complete(outcome.done.file.url, outcome.done.file.sha256, instant=outcome.instant)
        elif outcome.kind == upload_outcome.CUT:
            self._wait_after(upload, outcome, is_current)
        elif outcome.kind == upload_outcome.SILENT:
            if not upload.fall_silent():
                self._wait_after(upload, outcome, is_current)
        elif outcome.kind == upload_outcome.LOST:
            self._restart(upload)
        elif outcome.kind == upload_outcome.CHANGED:
            self._keeper.abandon(upload)
            upload.fail(outcome.code, outcome.message)
        elif outcome.retryable:
            if outcome.code == "rate_limited":
                self._ports.pace.refused(FILES)
            self._wait_after(upload, outcome, is_current)
        else:
            self._fail(upload, outcome)

    def _wait_after(self, upload: Upload, outcome: Outcome, is_current: bool) -> None:
        # 服务器重启之后抢在聊天连接前面, 令牌 (重启之后还是同一个) 那时还不算数: 已重新加入就马上再来
        is_hopeless = outcome.close_code == _UNAUTHORIZED and is_current
        delay_s = _UNAUTHORIZED_S if is_hopeless else max(backoff_s(upload.attempts), outcome.retry_after_s)
        upload.attempts += 1
        upload.wait(outcome.code, outcome.message)
        self._waiting[upload] = asyncio.get_running_loop().call_later(delay_s, self._retry, upload)

    def _restart(self, upload: Upload) -> None:
        """过期, 或服务器丢了它: 自动从头来一次, 再丢就由用户决定。"""
        self._keeper.forget(upload)
        upload.forget_server()
        if upload.restarted:
            upload.fail("upload_unknown", "服务器上没有这个上传了")
            return
        upload.restarted = True
        upload.become(QUEUED)
        self._queue.appendleft(upload)

    def _fail(self, upload: Upload, outcome: Outcome) -> None:
        if outcome.code in _ERASED:
            self._keeper.forget(upload)
            upload.forget_server()
            # 校验不符: 算过的也不能信
            upload.forget_hash()
        upload.fail(outcome.code, outcome.message)
