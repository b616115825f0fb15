"""网络线程: 一个后台线程里的 asyncio 循环; 界面经 call 交代事情, 经 events 得到结果。"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Callable, Generic, Protocol, TypeVar

from .event_queue import EventQueue

log = logging.getLogger(__name__)


class Runnable(Protocol):
    """在循环里运行的核心; 取消 run 之后 1 秒内返回。"""

    async def run(self) -> None: ...


Core = TypeVar("Core", bound=Runnable)


class NetworkThread(Generic[Core]):
    """created --start--> running --stop--> stopped; 只能走一遍。create 在循环的线程里调用。"""

    def __init__(self, create: Callable[[EventQueue], Core]) -> None:
        self.events = EventQueue()
        self._create = create
        self._loop = asyncio.new_event_loop()
        self._core: Core | None = None
        self._run: asyncio.Task[None] | None = None
        # daemon: 卡在系统的域名解析里也不妨碍进程结束
        self._thread = threading.Thread(target=self._main, name="sluice-network", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def call(self, action: Callable[[Core], None]) -> None:
        """在循环的线程里执行 action; 任何线程都可以调用。已停下的不执行。"""
        try:
            self._loop.call_soon_threadsafe(self._act, action)
        except RuntimeError:
            # 循环已关闭: 窗口正在关, 没有谁还需要它
            log.debug("network.call_after_stop")

    def stop(self, timeout_s: float) -> bool:
        """请循环结束并等待; 返回线程是否都结束了。"""
        if not self._thread.is_alive():
            return True
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:
            log.debug("network.already_stopped")
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _main(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._core = self._create(self.events)
        self._run = self._loop.create_task(self._core.run())
        try:
            self._loop.run_until_complete(self._run)
        except asyncio.CancelledError:
            log.debug("network.stopped")
        except Exception:
            # 不应发生: 没有它界面就成了没有反应的空壳, 至少说出来
            log.exception("network.crashed")
        finally:
            self._finish()

    def _finish(self) -> None:
        rest = asyncio.all_tasks(self._loop)
        for task in rest:
            task.cancel()
        if rest:
            self._loop.run_until_complete(asyncio.wait(rest, timeout=0.5))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        # 不等默认线程池: 里面可能卡着域名解析
        self._loop.close()

    def _act(self, action: Callable[[Core], None]) -> None:
        if self._core is not None:
            action(self._core)

    def _cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()
