"""网络线程与事件队列: 起停, 背压, 只留最新的快照。"""

from __future__ import annotations

import asyncio
import threading

from python_client.model.events import Failed, TransferChanged
from python_client.model.transfers import MOVING, UP, Transfer
from python_client.net.event_queue import EventQueue
from python_client.net.network_thread import NetworkThread


class Echo:
    """一个永远运行的核心, 记下自己在哪个线程。"""

    def __init__(self, events: EventQueue) -> None:
        self.events = events
        self.ended = threading.Event()

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    def say(self, message: str) -> None:
        self.events.put(Failed(threading.current_thread().name, message))


def test_call在网络线程里执行_停下后线程结束() -> None:
    network = NetworkThread(Echo)
    network.start()
    network.call(lambda core: core.say("一"))
    network.call(lambda core: core.say("二"))
    done = threading.Event()
    network.call(lambda core: done.set())
    assert done.wait(10)
    events, more = network.events.take(10)
    assert events == [Failed("sluice-network", "一"), Failed("sluice-network", "二")] and not more
    assert network.stop(10)
    assert "sluice-network" not in {thread.name for thread in threading.enumerate()}
    network.call(lambda core: core.say("停下之后不执行"))
    assert network.events.take(10) == ([], False)
    assert network.stop(10), "再停一次不是错误"


def test_没有看的进度只留最新的快照_位置不变() -> None:
    events = EventQueue()
    for moved in range(100):
        events.put(TransferChanged(Transfer("t1", UP, "电影.mkv", 1000, MOVING, moved)))
        if moved == 0:
            events.put(Failed("internal", "后来的"))
    taken, _ = events.take(10)
    assert [type(event) for event in taken] == [TransferChanged, Failed]
    assert isinstance(taken[0], TransferChanged) and taken[0].transfer.moved == 99


def test_积满之后读帧的一方等待_取走才继续() -> None:
    async def scenario() -> None:
        events = EventQueue(max_waiting=3)
        for index in range(3):
            events.put(Failed("internal", str(index)))
        waiting = asyncio.ensure_future(events.room())
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done, "满的时候不能往下读"
        taken, more = events.take(2)
        assert len(taken) == 2 and more
        await asyncio.wait_for(waiting, 10)

    asyncio.run(scenario())
