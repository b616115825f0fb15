"""下载的总管: 先来先下, 同时两个; 断线与服务器重启时等待, 自己会接着取。"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import threading
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any, Callable

from ..model.events import Event, TransferRemoved
from ..model.transfers import (
    CHECKING,
    DONE,
    DOWN,
    FAILED,
    MOVING,
    PAUSED,
    QUEUED,
    VERIFYING,
    WAITING,
    Transfer,
    TransferError,
)
from ..net.backoff import backoff_s
from ..protocol.errors import describe_error
from ..protocol.messages import FileMessage
from . import download_run
from .download_run import DownloadOutcome, DownloadReports, DownloadRun, part_path
from .ports import TransferPorts
from .transfer_list import TransferList

log = logging.getLogger(__name__)

_MAX_RUNNING = 2
# 看一眼有没有停住的间隔 (秒)
_WATCH_S = 1.0
# 停下时等线程的期限 (秒); 还在连接的由守护线程自己结束
_STOP_S = 0.8


class _Download:
    """列表里的一项; 状态在列表里。"""

    def __init__(self, file: FileMessage, target: Path) -> None:
        self.id = secrets.token_hex(8)
        self.file = file
        self.target = target
        # 连续等待了几次; 有进展就归零
        self.attempts = 0
        self.moved = 0
        # 内容不对, 已自动从头来过一次
        self.restarted = False


class Downloads:
    """方法只在循环的线程里调用。"""

    def __init__(self, ports: TransferPorts) -> None:
        self._ports = ports
        self._list = TransferList(self._emit)
        # 与列表里的一一对应 (说明 "列表已满" 的那一行除外)
        self._downloads: dict[str, _Download] = {}
        self._queue: deque[_Download] = deque()
        # 线程还没有结束的, 也包括已暂停, 已取消而还没有停稳的: 同一个 .part 不会有两个线程在写
        self._running: dict[_Download, DownloadRun] = {}
        self._waiting: dict[_Download, asyncio.TimerHandle] = {}
        # 有线程在下载时才有
        self._watching: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._stopped = False

    def add(self, file: FileMessage, target: Path) -> str:
        """下载到 target (已存在则覆盖); 目标正被另一项使用时是失败的一行。"""
        download = _Download(file, target.absolute())
        name = file.original_name
        transfer = Transfer(download.id, DOWN, name, file.size, QUEUED, path=str(download.target))
        if self._list.is_full:
            self._list.add_overflow(transfer, 1)
            return download.id
        self._downloads[download.id] = download
        self._list.add(transfer)
        self._start(download)
        return download.id

    def pause(self, transfer_id: str) -> bool:
        transfer, download = self._find(transfer_id)
        if transfer is not None and download is not None and transfer.can_pause:
            self._withdraw(download)
            self._become(download, PAUSED)
        return transfer is not None

    def resume(self, transfer_id: str) -> bool:
        """paused 的继续, failed 的重试。"""
        transfer, download = self._find(transfer_id)
        if transfer is not None and download is not None and transfer.can_resume:
            download.attempts = 0
            download.restarted = False
            self._start(download)
        return transfer is not None

    def cancel(self, transfer_id: str) -> bool:
        """从列表去掉, 半成品也删。"""
        transfer, download = self._find(transfer_id)
        self._list.remove(transfer_id)
        if transfer is not None and download is not None:
            self._withdraw(download)
            # 别的一项正在写同一个目标 (这一项因此失败了): .part 是它的
            is_ours = transfer.state != DONE and not self._is_taken(download)
            if is_ours and download not in self._running:
                _spawn(lambda: _remove_part(download.target))
        return transfer is not None

    def clear_finished(self) -> None:
        self._list.clear_finished()

    def online(self) -> None:
        """聊天连接回来了: 等着的都不必再等。"""
        for download in reversed(list(self._waiting)):
            self._again(download)
        self._fill()

    async def stop(self) -> None:
        """1 秒之内停下全部; 半成品留着。"""
        self._stopped = True
        if self._watching is not None:
            self._watching.cancel()
        self._queue.clear()
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        for run in self._running.values():
            run.stop()
        if self._running:
            self._idle.clear()
            try:
                await asyncio.wait_for(self._idle.wait(), _STOP_S)
            except asyncio.TimeoutError:
                # 还在连接, 或卡在磁盘上: 守护线程, 不拦着退出
                log.warning("downloads.stop running=%d", len(self._running))

    # ---- 队列 ----

    def _start(self, download: _Download) -> None:
        if self._is_taken(download):
            self._fail(download, "unwritable", "另一项下载正在写这个文件")
            return
        self._become(download, QUEUED)
        self._queue.append(download)
        self._fill()

    def _is_taken(self, download: _Download) -> bool:
        key = _key(download.target)
        return any(
            other is not download and _key(other.target) == key and self._is_using(other)
            for other in [*self._downloads.values(), *self._running]
        )

    def _is_using(self, download: _Download) -> bool:
        transfer = self._list.get(download.id)
        return download in self._running or (transfer is not None and transfer.is_active)

    def _withdraw(self, download: _Download) -> None:
        if download in self._queue:
            self._queue.remove(download)
        timer = self._waiting.pop(download, None)
        if timer is not None:
            timer.cancel()
        run = self._running.get(download)
        if run is not None:
            run.stop()

    def _fill(self) -> None:
        # 暂停后马上继续的: 旧的线程停稳之前不开始
        ready = [download for download in self._queue if download not in self._running]
        for download in ready[: max(0, _MAX_RUNNING - len(self._running))]:
            self._queue.remove(download)
            self._run(download)

    def _run(self, download: _Download) -> None:
        loop = asyncio.get_running_loop()
        run = DownloadRun(download.file, download.target, self._reports(download, loop))
        self._running[download] = run
        self._become(download, CHECKING)
        if self._watching is None:
            self._watching = loop.call_later(_WATCH_S, self._watch)
        _spawn(lambda: _post(loop, partial(self._ended, download, run), run.run()))

    def _reports(self, download: _Download, loop: asyncio.AbstractEventLoop) -> DownloadReports:
        # 线程 -> 循环
        return DownloadReports(
            checking=lambda position: _post(loop, partial(self._checking, download), position),
            moving=lambda position: _post(loop, partial(self._moving, download), position),
            verifying=lambda: _post(loop, partial(self._become, download), VERIFYING),
        )

    # ---- 报告 ----

    def _checking(self, download: _Download, position: int) -> None:
        if self._is_state(download, CHECKING):
            self._list.progress(download.id, position)

    def _moving(self, download: _Download, position: int) -> None:
        if position > download.moved:
            download.attempts = 0
        download.moved = position
        if self._is_state(download, CHECKING):
            self._become(download, MOVING)
        elif self._is_state(download, MOVING):
            self._list.progress(download.id, position)

    def _ended(self, download: _Download, run: DownloadRun, outcome: DownloadOutcome) -> None:
        del self._running[download]
        download.moved = run.position
        transfer = self._list.get(download.id)
        if transfer is None:
            # 已取消
            if outcome.kind != download_run.DONE:
                _spawn(lambda: _remove_part(download.target))
        elif transfer.state in (CHECKING, MOVING, VERIFYING) and not self._stopped:
            self._settle(download, outcome)
        elif outcome.kind == download_run.DONE:
            # 暂停晚了一步: 已经下完
            self._complete(download)
        if not self._running:
            self._idle.set()
        self._fill()

    def _settle(self, download: _Download, outcome: DownloadOutcome) -> None:
        if outcome.kind == download_run.DONE:
            self._complete(download)
        elif outcome.kind == download_run.CUT:
            self._later(download)
        elif outcome.kind == download_run.MISMATCH:
            self._mismatched(download)
        elif outcome.kind == download_run.FAILED:
            self._fail(download, outcome.code, outcome.message)
        else:
            # 停下的只有暂停与取消, 状态早已改了
            log.error("download.stopped id=%s", download.id)

    def _complete(self, download: _Download) -> None:
        if download in self._queue:
            self._queue.remove(download)
        self._become(download, DONE, url=download.file.url, sha256=download.file.sha256)

    def _later(self, download: _Download) -> None:
        self._become(download, WAITING)
        delay_s = backoff_s(download.attempts)
        download.attempts += 1
        self._waiting[download] = asyncio.get_running_loop().call_later(delay_s, self._retry, download)

    def _retry(self, download: _Download) -> None:
        self._again(download)
        self._fill()

    def _again(self, download: _Download) -> None:
        # 排在最前: 下了一半的先下完
        self._waiting.pop(download).cancel()
        self._queue.appendleft(download)

    def _watch(self) -> None:
        """停住的没有报告: 替它报一次, 速度才会落到 0。"""
        self._watching = None
        for download in self._running:
            if self._is_state(download, MOVING):
                self._list.progress(download.id, download.moved)
        if self._running:
            self._watching = asyncio.get_running_loop().call_later(_WATCH_S, self._watch)

    def _mismatched(self, download: _Download) -> None:
        download.moved = 0
        if download.restarted:
            self._fail(download, "checksum_mismatch", "下载的内容与 SHA-256 不符")
            return
        # 先前的半成品可能是别的文件的: 从头来一次
        download.restarted = True
        self._become(download, QUEUED)
        self._queue.appendleft(download)

    def _fail(self, download: _Download, code: str, message: str) -> None:
        self._become(download, FAILED, error=TransferError(code, describe_error(code, message)))

    def _become(self, download: _Download, state: str, **changes: Any) -> None:
        self._list.become(download.id, state, moved=download.moved, **changes)

    def _is_state(self, download: _Download, state: str) -> bool:
        transfer = self._list.get(download.id)
        return transfer is not None and transfer.state == state

    def _find(self, transfer_id: str) -> tuple[Transfer | None, _Download | None]:
        return self._list.get(transfer_id), self._downloads.get(transfer_id)

    def _emit(self, event: Event) -> None:
        if isinstance(event, TransferRemoved):
            self._downloads.pop(event.id, None)
        self._ports.emit(event)


def _key(target: Path) -> str:
    # 大小写不分的系统上 A.txt 与 a.txt 是同一个
    return os.path.normcase(target)


def _spawn(work: Callable[[], None]) -> None:
    # 守护线程: 退出时不等卡在连接里的
    threading.Thread(target=work, name="sluice-download", daemon=True).start()


def _post(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: Any) -> None:
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        # 循环已关: 没有人要了
        log.debug("download.late")


def _remove_part(target: Path) -> None:
    try:
        part_path(target).unlink()
    except FileNotFoundError:
        # 还没有写过
        return
    except OSError as error:
        log.warning("download.part error=%s", error)
