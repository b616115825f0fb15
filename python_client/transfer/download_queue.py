"""下载的队列: 先来先下, 同时两个; 断线与服务器重启时等待, 自己会接着取。"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from functools import partial
from typing import Any, Callable

from ..model.transfers import CHECKING, MOVING, QUEUED, VERIFYING, WAITING
from ..net.backoff import backoff_s
from . import download_outcome
from .download import Download
from .download_outcome import DownloadOutcome
from .download_run import DownloadReports, DownloadRun
from .part_file import remove_part

log = logging.getLogger(__name__)

_MAX_RUNNING = 2
# 看一眼有没有停住的间隔 (秒)
_WATCH_S = 1.0
# 聊天连接好好的, 连试这么多次 (至少半分钟) 都没有新的字节: 再试也一样
_MAX_FUTILE = 8


class DownloadQueue:
    """三处之一: 排队, 运行, 等待; 总数以列表的上限为限。"""

    def __init__(self, is_online: Callable[[], bool]) -> None:
        self._is_online = is_online
        self._queue: deque[Download] = deque()
        # 线程还没有结束的, 也包括已暂停, 已取消而还没有停稳的: 同一个 .part 不会有两个线程在写
        self._running: dict[Download, DownloadRun] = {}
        self._waiting: dict[Download, asyncio.TimerHandle] = {}
        # 有线程在下载时才有
        self._watching: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._stopped = False

    @property
    def running(self) -> list[Download]:
        """线程还没有结束的。"""
        return list(self._running)

    def enqueue(self, download: Download) -> None:
        download.become(QUEUED)
        self._queue.append(download)
        self._fill()

    def withdraw(self, download: Download) -> None:
        """暂停: 不管它在哪里, 都拿出来; 半成品留着。"""
        self._remove_idle(download)
        run = self._running.get(download)
        if run is not None:
            run.stop()

    def discard(self, download: Download) -> None:
        """取消 (已从列表去掉): 半成品也删; 正在写的停稳之后再删。"""
        self.withdraw(download)
        if download not in self._running:
            _spawn(lambda: remove_part(download.target))

    def online(self) -> None:
        """聊天连接回来了: 等着的都不必再等。"""
        for download in reversed(list(self._waiting)):
            # 刚才断着: 发现得可能比聊天连接早
            download.futile = 0
            self._again(download)
        self._fill()

    async def stop(self, timeout_s: float) -> None:
        """停下全部, 半成品留着; 超过 timeout_s 的线程不再等。"""
        self._stopped = True
        self._queue.clear()
        timers = [*self._waiting.values(), *([] if self._watching is None else [self._watching])]
        for timer in timers:
            timer.cancel()
        self._waiting.clear()
        for run in self._running.values():
            run.stop()
        if self._running:
            self._idle.clear()
            try:
                await asyncio.wait_for(self._idle.wait(), timeout_s)
            except asyncio.TimeoutError:
                # 还在连接, 或卡在磁盘上: 守护线程, 不拦着退出
                log.warning("downloads.stop running=%d", len(self._running))

    # ---- 队列 ----

    def _fill(self) -> None:
        # 暂停后马上继续的: 旧的线程停稳之前不开始
        ready = [download for download in self._queue if download not in self._running]
        for download in ready[: max(0, _MAX_RUNNING - len(self._running))]:
            self._queue.remove(download)
            self._run(download)

    def _run(self, download: Download) -> None:
        loop = asyncio.get_running_loop()
        run = DownloadRun(download.file, download.target, self._reports(download, loop))
        self._running[download] = run
        download.become(CHECKING)
        if self._watching is None:
            self._watching = loop.call_later(_WATCH_S, self._watch)
        _spawn(lambda: _post(loop, partial(self._ended, download, run), run.run()))

    def _reports(self, download: Download, loop: asyncio.AbstractEventLoop) -> DownloadReports:
        # 线程 -> 循环
        return DownloadReports(
            checking=lambda position: _post(loop, _checking, download, position),
            moving=lambda position: _post(loop, _moving, download, position),
            verifying=lambda: _post(loop, _verifying, download),
        )

    def _watch(self) -> None:
        """停住的没有报告: 替它报一次, 速度才会落到 0。"""
        self._watching = None
        for download in self._running:
            if download.state == MOVING:
                download.refresh()
        if self._running:
            self._watching = asyncio.get_running_loop().call_later(_WATCH_S, self._watch)

    def _later(self, download: Download, told_s: float) -> None:
        download.become(WAITING)
        delay_s = max(backoff_s(download.attempts), told_s)
        download.attempts += 1
        self._waiting[download] = asyncio.get_running_loop().call_later(delay_s, self._retry, download)

    def _retry(self, download: Download) -> None:
        self._again(download)
        self._fill()

    def _again(self, download: Download) -> None:
        # 排在最前: 下了一半的先下完
        self._waiting.pop(download).cancel()
        self._queue.appendleft(download)

    def _remove_idle(self, download: Download) -> None:
        if download in self._queue:
            self._queue.remove(download)
        timer = self._waiting.pop(download, None)
        if timer is not None:
            timer.cancel()

    # ---- 结果 ----

    def _ended(self, download: Download, run: DownloadRun, outcome: DownloadOutcome) -> None:
        del self._running[download]
        download.set_moved(run.position)
        if outcome.kind == download_outcome.DONE:
            # 也可能暂停晚了一步: 已经下完
            self._remove_idle(download)
            download.complete(outcome.sha256)
        elif download.state in (CHECKING, MOVING, VERIFYING) and not self._stopped:
            self._settle(download, outcome)
        elif download.state is None:
            # 已取消
            _spawn(lambda: remove_part(download.target))
        if not self._running:
            self._idle.set()
        self._fill()

    def _settle(self, download: Download, outcome: DownloadOutcome) -> None:
        if outcome.kind == download_outcome.CUT:
            self._cut(download, outcome)
        elif outcome.kind == download_outcome.MISMATCH:
            self._mismatched(download)
        elif outcome.kind == download_outcome.FAILED:
            download.fail(outcome.code, outcome.message)
        else:
            # 停下的只有暂停与取消, 状态早已改了
            log.error("download.stopped id=%s", download.id)

    def _cut(self, download: Download, outcome: DownloadOutcome) -> None:
        # 断网与服务器重启时聊天连接也不在: 等多久都不算
        if self._is_online():
            download.futile += 1
        if download.futile < _MAX_FUTILE:
            self._later(download, outcome.retry_after_s)
        else:
            download.fail(outcome.code, outcome.message)

    def _mismatched(self, download: Download) -> None:
        download.set_moved(0)
        if download.restarted:
            download.fail("checksum_mismatch", "下载的内容与 SHA-256 不符")
            return
        # 先前的半成品可能是别的文件的: 从头来一次
        download.start_over()
        download.become(QUEUED)
        self._queue.appendleft(download)


def _checking(download: Download, position: int) -> None:
    if download.state == CHECKING:
        download.checking(position)


def _moving(download: Download, position: int) -> None:
    download.set_moved(position)
    if download.state == CHECKING:
        download.become(MOVING)
    elif download.state == MOVING:
        download.progress(position)


def _verifying(download: Download) -> None:
    if download.state in (CHECKING, MOVING):
        download.become(VERIFYING)


def _spawn(work: Callable[[], None]) -> None:
    # 守护线程: 退出时不等卡在连接里的
    threading.Thread(target=work, name="sluice-download", daemon=True).start()


def _post(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: Any) -> None:
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        # 循环已关: 没有人要了
        log.debug("download.late")
