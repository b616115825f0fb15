"""recv: 每条消息一行 JSON, 文件存进文件夹; 到了 --count 或 --idle 就结束。"""

from __future__ import annotations

import logging
import time
from typing import Any, Mapping

from ..client import ClientOptions
from ..model.events import (
    Event,
    HasOlder,
    HistoryGap,
    Joined,
    MessageArrived,
    PresenceChanged,
    TransferChanged,
)
from ..protocol.codec import encode_room_message
from ..protocol.messages import FileMessage
from . import options as codes
from .json_lines import BrokenOutputError, ClosedOutputError, JsonLines
from .options import ReceiveOptions
from .run import EndedError, Run, run_to_end
from .saver import Saver, open_folder
from .terminal import Terminal

log = logging.getLogger(__name__)


def receive(options: ReceiveOptions, client: ClientOptions, terminal: Terminal) -> int:
    """返回退出码; 文件夹不能写抛 UsageError, 那时还没有连接。"""
    if options.folder is not None:
        open_folder(options.folder)
    interrupted = "已中断" if options.folder is None else "已中断, 没有下载完的留着 .part"
    return run_to_end(_receive(options, client, terminal), terminal, interrupted)


async def _receive(options: ReceiveOptions, client: ClientOptions, terminal: Terminal) -> int:
    async with Run(client, options.patience, terminal) as run:
        try:
            return await _Receiver(run, options, terminal).receive()
        except ClosedOutputError:
            # 管道的读者先走了 (例如 head): 像别的命令一样安静地结束
            log.info("receive.stdout_closed")
            return codes.OK
        except BrokenOutputError as error:
            # 再收也只是丢掉
            raise EndedError(codes.FAILED, str(error)) from error


class _Receiver:
    """listening --到了 count--> finishing (只等下载) --> 结束;  任何时候 --idle--> 结束"""

    def __init__(self, run: Run, options: ReceiveOptions, terminal: Terminal) -> None:
        self._run = run
        self._options = options
        self._terminal = terminal
        self._lines = JsonLines()
        self._saver = None if options.folder is None else Saver(run.client, options.folder, terminal)
        self._remaining = options.count
        self._history = _HistoryFilter()
        self._active_s = time.monotonic()

    async def receive(self) -> int:
        await self._run.joined()
        self._active_s = time.monotonic()
        while not self._is_finished():
            event = await self._run.next_event(self._patience_s())
            if event is None:
                if self._is_idle():
                    break
            else:
                await self._handle(event)
            await self._write_outcomes()
        return self._conclude()

    def _is_finished(self) -> bool:
        return self._remaining == 0 and (self._saver is None or self._saver.pending == 0)

    def _patience_s(self) -> float | None:
        if self._options.idle is None:
            return None
        return max(0.0, self._active_s + self._options.idle - time.monotonic())

    def _is_idle(self) -> bool:
        return self._patience_s() == 0.0

    def _conclude(self) -> int:
        if self._saver is None:
            return codes.OK
        if self._saver.pending > 0:
            self._terminal.line(f"还有 {self._saver.pending} 个文件没有存完, 用 recv --history 可以继续")
        return codes.OK if self._saver.failures + self._saver.pending == 0 else codes.FAILED

    async def _handle(self, event: Event) -> None:
        self._history.observe(event)
        if isinstance(event, MessageArrived):
            await self._message(event)
        elif isinstance(event, TransferChanged):
            if self._saver is not None and self._saver.changed(event.transfer):
                self._active_s = time.monotonic()
        elif isinstance(event, PresenceChanged) and self._options.presence and self._remaining != 0:
            await self._presence(event)
        elif isinstance(event, HistoryGap):
            self._terminal.line("离开太久, 服务器已不记得中间的一部分消息")

    async def _message(self, event: MessageArrived) -> None:
        is_wanted = event.live or self._options.history or not self._history.is_before_us
        if self._remaining == 0 or not is_wanted:
            return
        self._active_s = time.monotonic()
        await self._write(encode_room_message(event.message))
        if self._remaining is not None:
            self._remaining -= 1
        if isinstance(event.message, FileMessage) and self._saver is not None:
            self._saver.add(event.message)

    async def _presence(self, event: PresenceChanged) -> None:
        for action, names in (("join", event.joined), ("leave", event.left)):
            for name in names:
                await self._write({"type": "user_update", "action": action, "name": name})

    async def _write_outcomes(self) -> None:
        if self._saver is None:
            return
        for fields in await self._run.unless_interrupted(self._saver.take_outcomes()):
            await self._write(fields)

    async def _write(self, fields: Mapping[str, Any]) -> None:
        # stdout 也是终端时, 不与进度混成一行
        self._terminal.clear()
        # 读者停住时在这里等: 积到队列的上限就不再从服务器读
        await self._run.unless_interrupted(self._lines.write(fields))


class _HistoryFilter:
    """补来的消息里, 第一次加入之前的与断线期间的: 前者只在 --history 时要, 后者不能丢。"""

    def __init__(self) -> None:
        self._has_page = False
        self.is_before_us = True

    def observe(self, event: Event) -> None:
        if isinstance(event, HasOlder):
            self._has_page = True
        elif isinstance(event, Joined) and (self._has_page or event.history_lost):
            # 第一页已经来过, 又加入一次: 此后补来的都是断线期间的
            self.is_before_us = False
