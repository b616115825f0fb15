"""要等的事 (磁盘, 剪贴板) 在一次性的线程里做, 结果回到界面线程里交。"""

from __future__ import annotations

import logging
import queue
import threading
from typing import Callable, TypeVar

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class Errands:
    """start 与 deliver 在界面线程里调用; work 不可以碰 Tk。most: 同时至多做几件, 再多的不接。"""

    def __init__(self, most: int) -> None:
        self._room = threading.Semaphore(most)
        self._finished: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def start(self, name: str, work: Callable[[], _Result], done: Callable[[_Result], None]) -> bool:
        """False: 太多了, 没有开始。work 抛出的异常由 deliver 在界面线程里抛出。"""
        if not self._room.acquire(blocking=False):
            log.info("errands.busy name=%s", name)
            return False
        # daemon: 网络盘不应答时, 程序照常退出
        threading.Thread(target=self._run, args=(work, done), name=name, daemon=True).start()
        return True

    def deliver(self) -> None:
        """每轮一次: 交出已经做完的。"""
        while not self._finished.empty():
            self._finished.get_nowait()()

    def _run(self, work: Callable[[], _Result], done: Callable[[_Result], None]) -> None:
        try:
            result = work()
        except Exception as error:
            self._finished.put(_raiser(error))
        else:
            self._finished.put(lambda: done(result))
        finally:
            self._room.release()


def _raiser(error: Exception) -> Callable[[], None]:
    # 到界面线程里才算出错: 那里记日志, 并在窗口里说一行
    def throw() -> None:
        raise error

    return throw
