"""守护线程的小池: 读写文件, 校验, 解码; 与 ThreadPoolExecutor 不同, 退出进程时不等卡在网络盘上的读。"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from typing import Any, Callable, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

# 交出而没有做完的: 每个传输 (列表至多 500 项) 平常一两个, 四个还没有人做就是磁盘卡住了
MAX_PENDING = 2000


class BusyError(Exception):
    """排满了。不是 OSError: 文件也许好好的, 不能当作读不到。"""


class Workers:
    """至多 threads 个线程, 用到才建; 排队的有上限。"""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._max_threads = threads
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._started = 0
        # 交出而还没有做完的; 只在循环的线程里改
        self._pending = 0
        self._stopped = False

    def run(self, job: Callable[[], T]) -> asyncio.Future[T]:
        """在线程里做 job; 只能在循环里调用。取消 Future 时还没有开始的不再做; 已开始的做完为止。

        排满时 Future 是 BusyError。
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._stopped:
            future.cancel()
            return future
        if self._pending >= MAX_PENDING:
            # 线程都卡在网络盘上, 而用户一再暂停与继续: 取消了的也还占着位置
            log.info("workers.full name=%s", self._name)
            future.set_exception(BusyError("磁盘没有反应, 前面的读写还没有做完"))
            return future
        self._pending += 1
        self._jobs.put(lambda: self._do(job, future, loop))
        if self._pending > self._started < self._max_threads:
            self._started += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
        return future

    def stop(self) -> None:
        """不再收; 交出的做完后线程结束。不等待。"""
        if not self._stopped:
            self._stopped = True
            for _ in range(self._started):
                self._jobs.put(None)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            job()

    def _do(self, job: Callable[[], T], future: asyncio.Future[T], loop: asyncio.AbstractEventLoop) -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            if not future.cancelled():
                result = job()
        except Exception as failure:
            error = failure
        try:
            loop.call_soon_threadsafe(self._settle, future, result, error)
        except RuntimeError:
            # 循环已关: 没有人要结果了
            log.debug("workers.late name=%s", self._name)

    def _settle(self, future: asyncio.Future[T], result: T, error: BaseException | None) -> None:
        self._pending -= 1
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
