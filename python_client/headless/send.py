"""send: 文字与文件按次序发出, 每一个都等到服务器确认; 一次一个, 所以聊天里的次序与命令行的相同。"""

from __future__ import annotations

import logging
import secrets
import stat
import time
from collections import deque
from pathlib import Path
from typing import Any

from ..client import ClientOptions
from ..model.connection import ONLINE
from ..model.events import (
    SEND_FAILED,
    SENT,
    WAITING_SERVER,
    ConnectionChanged,
    Event,
    Joined,
    MessageArrived,
    OutboxChanged,
    TransferChanged,
    TransferRemoved,
)
from ..model.os_errors import describe_os_error, short_path
from ..model.transfers import DONE, FAILED, Transfer
from ..protocol.codec import encode_room_message
from ..protocol.messages import FileMessage
from ..settings import UsageError
from . import options as codes
from .advance import Advance
from .json_lines import BrokenOutputError, ClosedOutputError, JsonLines
from .options import Patience, SendOptions
from .progress import Progress
from .run import EndedError, Run, run_to_end
from .stall_watch import StallWatch
from .terminal import Terminal

log = logging.getLogger(__name__)

# 确认与广播走两条连接, 先后不定: 等广播带来完整的字段, 至多这么久 (秒)
_BROADCAST_S = 5.0
# 记住最近这么多条自己的文件广播
_MAX_BROADCASTS = 20


def send(options: SendOptions, client: ClientOptions, terminal: Terminal) -> int:
    """返回退出码; 文件不存在或读不了抛 UsageError, 那时还没有连接。"""
    for path in options.files:
        check_readable(path)
    again = "没有发完的不会续传" if client.folder is None else "再运行同一条命令会从断点继续"
    return run_to_end(_send(options, client, terminal), terminal, f"已中断, {again}")


def check_readable(path: Path) -> None:
    """不存在, 不是普通文件, 没有权限: 抛 UsageError。"""
    shown = short_path(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            path.open("rb").close()
            return
    except FileNotFoundError as error:
        raise UsageError(f"没有这个文件: {shown}") from error
    except (OSError, ValueError) as error:
        # ValueError: 路径里有空字符
        raise UsageError(f"读不了 {shown}: {describe_os_error(error)}") from error
    if stat.S_ISDIR(mode):
        raise UsageError(f"{shown} 是文件夹, 只能发送文件; 可以先压缩")
    raise UsageError(f"{shown} 不是普通文件, 不能发送")


async def _send(options: SendOptions, client: ClientOptions, terminal: Terminal) -> int:
    async with Run(client, options.patience, terminal) as run:
        await run.joined()
        sender = _Sender(run, terminal, options.patience)
        if options.message is not None:
            await sender.send_text(options.message)
        for path in options.files:
            await sender.send_file(path)
        return codes.OK if sender.failures == 0 else codes.FAILED


class _Sender:
    """failures: 没有送到的件数。"""

    def __init__(self, run: Run, terminal: Terminal, patience: Patience) -> None:
        self.failures = 0
        self._run = run
        self._stall = StallWatch(patience.offline)
        self._terminal = terminal
        self._progress = Progress(terminal)
        self._lines: JsonLines | None = JsonLines()
        self._broadcasts: deque[FileMessage] = deque(maxlen=_MAX_BROADCASTS)

    async def send_text(self, message: str) -> None:
        client_id = secrets.token_hex(8)
        self._stall.progressed()
        self._run.client.send_text(client_id, message)
        has_said = False
        while True:
            event = await self._next()
            if not isinstance(event, OutboxChanged) or event.client_id != client_id:
                continue
            if event.state == SENT:
                self._stall.progressed()
                await self._report({"type": "text", "name": self._run.name, "message": message})
                return
            if event.state == WAITING_SERVER and not has_said:
                # 一直再试到没有耐心为止 (--timeout); 只说一次
                self._terminal.line(f"服务器此刻收不下, 过会儿自动再发: {event.error}")
                has_said = True
            if event.state == SEND_FAILED:
                self._fail(f"文字没有发出: {event.error}")
                return

    async def send_file(self, path: Path) -> None:
        self._stall.progressed()
        (transfer_id,) = self._run.client.send_files([path])
        advance = Advance()
        while True:
            event = await self._next()
            if isinstance(event, TransferRemoved) and event.id == transfer_id:
                self._fail(f"没有发出 {path.name}: 传输已取消")
                return
            if not isinstance(event, TransferChanged) or event.transfer.id != transfer_id:
                continue
            self._progress.update(event.transfer)
            if advance.rises(event.transfer.moved):
                self._stall.progressed()
            if event.transfer.state == FAILED:
                self.failures += 1
                return
            if event.transfer.state == DONE:
                self._stall.progressed()
                await self._report(await self._describe(event.transfer))
                return

    async def _next(self, timeout_s: float | None = None) -> Event | None:
        limits_s = [each for each in (timeout_s, self._stall.seconds_left()) if each is not None]
        event = await self._run.next_event(min(limits_s, default=None))
        self._observe(event)
        if self._stall.seconds_left() == 0:
            raise EndedError(
                codes.UNREACHABLE, f"{self._stall.limit_s:g} 秒没有得到服务器的确认, 传输也没有进展"
            )
        return event

    def _observe(self, event: Event | None) -> None:
        if isinstance(event, Joined):
            self._stall.resume()
        elif isinstance(event, ConnectionChanged) and event.state.phase != ONLINE:
            self._stall.pause()
        elif isinstance(event, MessageArrived):
            message = event.message
            if isinstance(message, FileMessage) and message.name == self._run.name:
                self._broadcasts.append(message)

    async def _describe(self, done: Transfer) -> dict[str, Any]:
        """线上的字段加上本地的路径; 等不到广播时只有确认里的那些。"""
        deadline_s = time.monotonic() + _BROADCAST_S
        renamed = {"renamedFrom": done.renamed_from} if done.renamed_from else {}
        while True:
            for file in self._broadcasts:
                if file.url == done.url or (not done.url and file.sha256 == done.sha256):
                    return {**encode_room_message(file), "path": done.path, **renamed}
            try:
                await self._next(max(0.0, deadline_s - time.monotonic()))
            except EndedError as ended:
                # 已经送到了: 断线或中断都不改变这一点, 结束留给下一步
                log.info("send.no_broadcast code=%d", ended.code)
                break
            if time.monotonic() >= deadline_s:
                break
        fields = {"type": "file", "name": self._run.name, "originalName": done.name, "url": done.url}
        return {**fields, "size": done.size, "sha256": done.sha256, "path": done.path, **renamed}

    async def _report(self, fields: dict[str, Any]) -> None:
        if self._lines is None:
            return
        # stdout 也是终端时, 不与进度混成一行
        self._terminal.clear()
        try:
            await self._run.unless_interrupted(self._lines.write(fields))
        except ClosedOutputError:
            # 没有人看输出了: 该发的照发
            log.info("send.stdout_closed")
            self._lines = None
        except BrokenOutputError as error:
            # 有人要看却看不到: 该发的照发, 但不能说成功
            self._lines = None
            self._fail(str(error))

    def _fail(self, line: str) -> None:
        self.failures += 1
        self._terminal.line(line)
