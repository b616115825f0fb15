"""守护线程的小池: 线程都卡住时排队有上限。"""

from __future__ import annotations

import asyncio
import threading

import pytest

from ..transfer.workers import MAX_PENDING, BusyError, Workers
from .chat import run


def test_线程卡住时排满就不再收_放开之后照旧() -> None:
    async def test() -> None:
        workers = Workers("sluice-test", 1)
        stuck = threading.Event()
        jobs = [workers.run(stuck.wait) for _ in range(MAX_PENDING)]
        # 取消了的也还排着
        jobs.pop().cancel()
        with pytest.raises(BusyError):
            await workers.run(stuck.is_set)
        stuck.set()
        assert all(await asyncio.gather(*jobs))
        assert await workers.run(stuck.is_set)
        workers.stop()

    run(test)
