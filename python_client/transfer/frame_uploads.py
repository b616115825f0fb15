"""小文件: 聊天连接上的一帧 (协议第 4 节), 一次一个; 收到 ack 之前断线就用同一个 clientId 重发。"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Callable

from ..model.transfers import MAX_DONE, MOVING, QUEUED, WAITING
from ..net.backoff import backoff_s
from ..net.pace import FILES
from ..net.retry_after import told_s
from ..protocol import client_frames
from ..protocol.messages import Ack, FileMessage, ServerError
from .file_stamp import ChangedError, FileStamp, check_stamp
from .ports import TransferPorts
from .published import find_mismatch
from .upload import Upload
from .workers import Workers

log = logging.getLogger(__name__)

# 连着却没有应答: 重新加入, 用同一个 clientId 再问, 服务器认得出是重发。256 KiB 的一帧在 6 KB/s 的线路上要发一分钟
_ACK_TIMEOUT_S = 60.0
# 完成之后还会到的 ack; 比 ack 先到的自己的广播
_MAX_RECENT = 64

# 队首是正在传的那个
IDLE = "idle"  # 队列空或不在线
PAUSING = "pausing"  # 等着轮到: 步子, 退避
READING = "reading"  # 在读文件
SENT = "sent"  # 等 ack


@dataclass(frozen=True)
class _Frame:
    text: str
    sha256: str


class FrameUploads:
    """queue 至多与列表一样长。"""

    def __init__(self, ports: TransferPorts, workers: Workers) -> None:
        self._ports = ports
        self._workers = workers
        self._queue: deque[Upload] = deque()
        self._state = IDLE
        # 同时只有一个: 步子, 退避, 或等 ack 的期限
        self._timer: asyncio.TimerHandle | None = None
        self._reading: asyncio.Task[None] | None = None
        # 已发出的那个的内容
        self._sha256 = ""
        # 发出时见过的最大的 seq: 更早的同样内容不是这一次的
        self._seq = 0
        self._sent_after = 0
        self._recent: deque[str] = deque(maxlen=_MAX_RECENT)
        # 有了 ack 而还没有见到广播的: 消息的 id -> 上传与内容; 列表里完成的只留这么多
        self._unlinked: OrderedDict[str, tuple[Upload, str]] = OrderedDict()
        # 发出之后, ack 之前见到的自己的广播: 也许就是它, 内容却不同
        self._unclaimed: deque[FileMessage] = deque(maxlen=_MAX_RECENT)

    def enqueue(self, upload: Upload) -> None:
        upload.become(QUEUED)
        self._queue.append(upload)
        if self._state == IDLE:
            self._next()

    def is_sent(self, upload: Upload) -> bool:
        """已经发出而还没有 ack 的不能撤回。"""
        return self._state == SENT and self._queue[0] is upload

    def withdraw(self, upload: Upload) -> None:
        if upload not in self._queue:
            return
        was_head = self._queue[0] is upload and self._state in (READING, SENT)
        self._queue.remove(upload)
        if was_head:
            # 发出的可能还会有 ack
            self._recent.append(upload.id)
            self._next()

    def online(self) -> None:
        self._next()

    def offline(self) -> None:
        if self._state in (READING, SENT):
            self._queue[0].become(WAITING)
        self._become(IDLE)

    def handle_ack(self, ack: Ack) -> bool:
        """是我们的才返回 True。"""
        head = self._head(ack.client_id)
        if head is None:
            return ack.client_id in self._recent
        wrong = self._mismatch_of(ack.id)
        if wrong is not None:
            self._refuse(head, *wrong)
            return True
        head.named(ack.original_name)
        self._unlinked[ack.id] = head, self._sha256
        if len(self._unlinked) > MAX_DONE:
            self._unlinked.popitem(last=False)
        self._complete(head, "")
        return True

    def handle_error(self, error: ServerError) -> bool:
        head = self._head(error.ref)
        if head is None:
            return error.ref in self._recent
        if error.retryable:
            head.wait(error.code, error.message)
            self._pause(max(self._delay_after(head, error.code), told_s(error.facts)))
        else:
            self._refuse(head, error.code, error.message)
        return True

    def saw_file(self, file: FileMessage) -> None:
        """自己发的以广播到来: 只懂基础协议的服务器没有 ack, 这就是完成; 也由它得到链接。"""
        self._seq = max(self._seq, file.seq)
        identity = self._ports.identity()
        if identity is None or file.name != identity.name:
            return
        if file.id in self._unlinked:
            self._link(file)
        elif self._state == SENT and file.seq > self._sent_after:
            self._saw_own(file)

    def stop(self) -> None:
        self._become(IDLE)
        self._queue.clear()

    def _saw_own(self, file: FileMessage) -> None:
        head = self._queue[0]
        if file.sha256 != self._sha256 or find_mismatch(file, head.stamp.size, self._sha256):
            # 别处发的 (分片的, 同名的另一个窗口), 或就是它而内容不对: ack 的 id 会说明
            self._unclaimed.append(file)
            return
        # 广播先于 ack: 名字从这里知道
        head.named(file.original_name)
        self._complete(head, file.url)

    def _mismatch_of(self, message_id: str) -> tuple[str, str] | None:
        """ack 之前见到的那个广播与发出的哪里不同; None: 还没有见到。"""
        size = self._queue[0].stamp.size
        for file in self._unclaimed:
            if file.id == message_id:
                return find_mismatch(file, size, self._sha256)
        return None

    def _link(self, file: FileMessage) -> None:
        """ack 说的就是这个文件: 内容一致才给链接。"""
        upload, sha256 = self._unlinked.pop(file.id)
        wrong = find_mismatch(file, upload.stamp.size, sha256)
        if wrong is None:
            upload.link(file.url)
        else:
            log.info("frame.mismatch code=%s", wrong[0])
            upload.fail(*wrong)

    def _silent(self) -> None:
        head = self._queue[0]
        log.info("frame.silent")
        if head.fall_silent():
            self._queue.popleft()
            self._recent.append(head.id)
            self._next()
            return
        head.become(WAITING)
        self._become(IDLE)
        # 连接回来时 online 再发
        self._ports.rejoin()

    def _head(self, client_id: str | None) -> Upload | None:
        # 队首总是正在处理的那个, 所以应答只可能是它的
        if self._queue and self._queue[0].id == client_id:
            return self._queue[0]
        return None

    def _refuse(self, head: Upload, code: str, message: str) -> None:
        self._queue.popleft()
        self._recent.append(head.id)
        head.fail(code, message)
        self._next()

    def _complete(self, head: Upload, url: str) -> None:
        self._queue.popleft()
        self._recent.append(head.id)
        head.complete(url, self._sha256)
        self._next()

    def _next(self) -> None:
        self._become(IDLE)
        identity = self._ports.identity()
        if not self._queue or identity is None:
            return
        wait_s = self._ports.pace.wait_s(FILES)
        if wait_s > 0:
            self._pause(wait_s)
            return
        head = self._queue[0]
        self._become(READING)
        head.become(MOVING)
        self._reading = asyncio.get_running_loop().create_task(self._send(head, identity.name))

    async def _send(self, head: Upload, name: str) -> None:
        try:
            frame = await self._workers.run(_reading(head, name))
        except ChangedError as error:
            self._failed(head, "changed", str(error))
            return
        except OSError as error:
            log.info("frame.unreadable error=%s", error)
            self._failed(head, "unreadable", "")
            return
        except Exception as error:
            # 一个文件的意外不能让后面的都等着
            log.exception("frame.broken")
            self._failed(head, "internal", f"客户端内部错误: {error}")
            return
        self._reading = None
        self._sha256 = frame.sha256
        self._sent_after = self._seq
        self._unclaimed.clear()
        if self._ports.send_frame(frame.text):
            self._become(SENT)
            self._timer = asyncio.get_running_loop().call_later(_ACK_TIMEOUT_S, self._silent)
        else:
            # 断线了: online 会再来
            head.become(WAITING)
            self._become(IDLE)

    def _failed(self, head: Upload, code: str, message: str) -> None:
        self._reading = None
        self._queue.popleft()
        head.fail(code, message)
        self._next()

    def _delay_after(self, head: Upload, code: str) -> float:
        # 太快了只是等下一个令牌, 不算失败过; 别的 (忙, 磁盘) 越等越久
        if code == "rate_limited":
            return self._ports.pace.refused(FILES)
        delay_s = backoff_s(head.attempts)
        head.attempts += 1
        return delay_s

    def _pause(self, delay_s: float) -> None:
        self._become(PAUSING)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._next)

    def _become(self, state: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        self._state = state


def _reading(upload: Upload, name: str) -> Callable[[], _Frame]:
    path, stamp, original_name, client_id = upload.path, upload.stamp, upload.name, upload.id

    def read() -> _Frame:
        with path.open("rb") as file:
            # 多读一个字节: 变长了也看得出
            content = file.read(stamp.size + 1)
            check_stamp(file.fileno(), FileStamp(len(content), stamp.mtime_ns))
        if len(content) != stamp.size:
            raise ChangedError("文件在发送期间被改动, 请重试")
        text = client_frames.single_file(name, original_name, content, client_id)
        return _Frame(text, hashlib.sha256(content).hexdigest())

    return read
