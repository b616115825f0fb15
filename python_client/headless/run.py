"""一次命令行运行: 核心, 事件, 期限与信号合在一处; send 与 recv 从 next_event 取事件。"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, Awaitable

from ..client import Client, ClientOptions
from ..model.events import ConnectionChanged, Event, Failed, Joined, NameRefused
from .inbox import Inbox
from .interrupts import GRACE_S, Interrupts, leave_within
from .offline_watch import OfflineWatch
from .options import FAILED, NAME_REFUSED, UNREACHABLE, Patience, interrupted
from .terminal import Terminal

log = logging.getLogger(__name__)

# 核心答应 1 秒内停下 (秒)
STOP_S = 1.2
# 其余的协程都已没有用, 取消之后不会久 (秒)
_REST_S = 0.3


class EndedError(Exception):
    """到此为止: 退出码, 以及给用户看的一行 (可以为空)。"""

    def __init__(self, code: int, line: str = "") -> None:
        super().__init__(line)
        self.code = code
        self.line = line


class Run:
    """created --async with--> running --离开--> stopped"""

    def __init__(self, options: ClientOptions, patience: Patience, terminal: Terminal) -> None:
        self._inbox = Inbox()
        self.client = Client(options, self._inbox.put, self._inbox.room)
        # 服务器记下的名字; 还没有加入时是要求的
        self.name = options.name
        self._watch = OfflineWatch(options.address, patience, terminal)
        self._interrupts = Interrupts(self._inbox.wake)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Run:
        self._task = asyncio.get_running_loop().create_task(self.client.run())
        self._task.add_done_callback(lambda _: self._inbox.wake())
        return self

    async def __aexit__(self, *_: Any) -> None:
        assert self._task is not None
        self._task.cancel()
        # 有期限: 停不下来也要结束, 记录已在磁盘上
        await asyncio.wait({self._task}, timeout=STOP_S)

    async def joined(self) -> None:
        """等到加入。"""
        while not isinstance(await self.next_event(), Joined):
            continue

    async def next_event(self, timeout_s: float | None = None) -> Event | None:
        """下一个事件; timeout_s 秒内没有则为 None。被中断, 连不上, 名字被拒抛 EndedError。"""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            self._check()
            event = self._inbox.take()
            if event is not None:
                self._observe(event)
                return event
            left_s = None if deadline_s is None else deadline_s - time.monotonic()
            if left_s is not None and left_s <= 0:
                return None
            limits_s = [each for each in (left_s, self._watch.seconds_left()) if each is not None]
            await self._inbox.wait(max(0.0, min(limits_s)) if limits_s else None)

    def _check(self) -> None:
        if self._interrupts.number is not None:
            raise EndedError(interrupted(self._interrupts.number))
        verdict = self._watch.verdict()
        if verdict:
            raise EndedError(UNREACHABLE, verdict)
        if self._task is not None and self._task.done():
            # 核心不该自己结束: 错误在这里抛出
            self._task.result()
            raise EndedError(FAILED, "客户端内部错误: 连接的任务结束了")

    def _observe(self, event: Event) -> None:
        if isinstance(event, ConnectionChanged):
            self._watch.changed(event.state)
        elif isinstance(event, Failed):
            self._watch.failed(event.message)
        elif isinstance(event, Joined):
            self.name = event.identity.name
            self._watch.joined(self.name, event.online)
        elif isinstance(event, NameRefused):
            raise EndedError(NAME_REFUSED, _describe_refusal(event))


def _describe_refusal(refused: NameRefused) -> str:
    advice = f", 可以换成 --name {refused.suggestion}" if refused.suggestion else ", 请用 --name 换一个"
    return f"名字 {refused.name} 不能用: {refused.message}{advice}"


def run_to_end(work: Awaitable[int], terminal: Terminal, after_interrupt: str) -> int:
    """运行一个命令, 返回退出码; after_interrupt: 被中断之后说的一行。"""
    loop = asyncio.new_event_loop()
    try:
        code = loop.run_until_complete(_guard(work, terminal, after_interrupt))
        rest = asyncio.all_tasks(loop)
        for task in rest:
            task.cancel()
        if rest:
            loop.run_until_complete(asyncio.wait(rest, timeout=_REST_S))
    finally:
        terminal.clear()
        # 不等线程池: 里面可能卡着域名解析
        loop.close()
    leave_within(GRACE_S, code)
    return code


async def _guard(work: Awaitable[int], terminal: Terminal, after_interrupt: str) -> int:
    try:
        return await work
    except EndedError as ended:
        is_interrupted = ended.code >= interrupted(0)
        line = f"已中断, {after_interrupt}" if is_interrupted else ended.line
        if line:
            terminal.line(line)
        return ended.code
    except Exception as error:
        log.exception("headless.crashed")
        terminal.line(f"客户端内部错误: {error}")
        return FAILED
