"""聊天连接: 连上, 加入, 断了自己重连; 状态图见 model/connection.py。"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from ..model.connection import CONNECTING, JOINING, ONLINE, STOPPED, WAITING, ConnectionState
from ..protocol import client_frames
from ..protocol.codec import BadFrameError, decode
from ..protocol.errors import ABNORMAL_CLOSE, is_refused_for_good
from ..protocol.messages import Batch, CloseReason, Unknown, Welcome
from .backoff import retry_delay_s
from .pace import Pace
from .ports import ChatPorts
from .retry_after import header_s
from .websocket_options import connect_options

log = logging.getLogger(__name__)

# 连上并加入的期限 (秒)
JOIN_TIMEOUT_S = 15.0
# 一帧的上限, 字节: 一页历史估计至多 256 KiB, 转义最多使它涨到六倍
MAX_FRAME_BYTES = 2 * 1024 * 1024
# 这么久没有 pong 就当作断线: 换了网络, 电脑刚醒时的半开连接 (秒); 聊天比传输急
PING_TIMEOUT_S = 15.0
# 在线满这么久才算稳定, 退避从头开始 (秒)
STABLE_S = 10.0
# 走的时候至多等这么久: 断了的网络不能拖住退出
LEAVE_TIMEOUT_S = 0.3
# 刚在线就断的, 至多从这一级退避 (1 秒) 开始: 连续抖动时仍然很快回来
SETTLED_ATTEMPT = 1
# 等着写进套接字的帧; 满了当作不在线, 由调用者留着
MAX_OUTGOING = 64
# 连上了, 应答却不是 WebSocket 的握手; 13.1 不译 ValueError, 明文端口上的 TLS 是 SSLError
_NOT_SLUICE = (InvalidHandshake, ValueError, ssl.SSLError)

_OPTIONS = {
    **connect_options(),
    "max_size": MAX_FRAME_BYTES,
    "open_timeout": JOIN_TIMEOUT_S,
    "ping_timeout": PING_TIMEOUT_S,
}


class ChatConnection:
    """run() 是它的一生; 其余方法只能在循环的线程里调用。pace: 发出的每一帧都记在上面。"""

    def __init__(self, url: str, ports: ChatPorts, pace: Pace) -> None:
        self._url = url
        self._ports = ports
        self._pace = pace
        self._state = ConnectionState(CONNECTING)
        self._outgoing: asyncio.Queue[str] | None = None
        # 等待重连时提前醒来
        self._wake = asyncio.Event()
        # 名字被拒: 停着, 直到 reconnect()
        self._held = False
        self._socket: ClientConnection | None = None
        self._attempt = 0
        self._online_since = 0.0
        # 服务器说过多久再来 (秒), 连上就作废
        self._told_s = 0.0

    @property
    def is_online(self) -> bool:
        return self._state.phase == ONLINE

    async def run(self) -> None:
        """直到取消。"""
        while True:
            reason = await self._live_once()
            if self.is_online and time.monotonic() - self._online_since > STABLE_S:
                self._attempt = 0
            await self._rest(reason)

    def send(self, frame: str) -> bool:
        """不在线或积压太多返回 False; 内容由调用者留着。"""
        if not self.is_online or self._outgoing is None:
            return False
        try:
            self._outgoing.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        self._pace.spent()
        return True

    def reconnect(self) -> None:
        """等待重连或停着的立即再连; 在连接或在线时不做事。"""
        # held 而还没有断干净时也算: 否则这一次就丢了
        if self._held or self._state.phase in (WAITING, STOPPED):
            self._attempt = 0
            self._wake.set()

    def hold(self) -> None:
        """放弃现在这条连接, 停着等 reconnect()。"""
        self._held = True
        self.abort()

    def abort(self, told_s: float = 0.0) -> None:
        """放弃现在这条连接, 退避之后再来; told_s: 服务器说至少过多久 (秒)。"""
        self._told_s = told_s
        if self._socket is not None:
            self._socket.transport.abort()

    # ---- 一次连接 ----

    async def _live_once(self) -> CloseReason:
        self._held = False
        self._told_s = 0.0
        self._wake.clear()
        self._become(ConnectionState(CONNECTING))
        try:
            async with connect(self._url, **_OPTIONS) as socket:
                return await self._talk(socket)
        except Exception as error:
            if isinstance(error, InvalidStatus):
                self._told_s = header_s(error.response.headers.get("Retry-After"))
            return _unconnected(error)

    async def _talk(self, socket: ClientConnection) -> CloseReason:
        self._socket = socket
        self._outgoing = asyncio.Queue(MAX_OUTGOING)
        self._become(ConnectionState(JOINING))
        writer = asyncio.ensure_future(_write(socket, self._outgoing))
        try:
            await socket.send(self._ports.join_frame())
            await asyncio.wait_for(self._read_until_joined(socket), JOIN_TIMEOUT_S)
            while True:
                await self._read_one(socket)
        except ConnectionClosed as error:
            return _close_reason(error)
        except asyncio.TimeoutError:
            log.info("chat.join_timeout")
            return _outage("no_welcome")
        except asyncio.CancelledError:
            await _say_leave(socket)
            raise
        finally:
            writer.cancel()
            self._outgoing = None
            self._socket = None

    async def _read_until_joined(self, socket: ClientConnection) -> None:
        while not self.is_online:
            await self._read_one(socket)

    async def _read_one(self, socket: ClientConnection) -> None:
        await self._ports.room()
        frame = await socket.recv()
        if not isinstance(frame, str):
            log.warning("chat.binary_frame bytes=%d", len(frame))
            return
        try:
            message = decode(frame)
        except BadFrameError as error:
            # 一帧看不懂不妨碍其余的
            log.warning("chat.bad_frame reason=%s", error)
            return
        if isinstance(message, Unknown):
            log.info("chat.unknown_type type=%s", message.type[:100])
            return
        if isinstance(message, Batch):
            self._unpack(message)
            return
        if isinstance(message, Welcome):
            self._joined()
        self._ports.received(message)

    def _unpack(self, batch: Batch) -> None:
        """逐条照办, 如同各自送达; 此后没有人需要知道它们是一起来的。"""
        if batch.skipped:
            log.warning("chat.bad_frame skipped=%d", batch.skipped)
        for message in batch.messages:
            self._ports.received(message)

    def _joined(self) -> None:
        self._online_since = time.monotonic()
        self._attempt = min(self._attempt, SETTLED_ATTEMPT)
        self._become(ConnectionState(ONLINE))

    # ---- 两次连接之间 ----

    async def _rest(self, reason: CloseReason) -> None:
        stays = self._held or is_refused_for_good(reason)
        delay_s = None if stays else retry_delay_s(reason.code, self._attempt)
        self._attempt += 1
        if delay_s is None:
            self._become(ConnectionState(STOPPED, reason=None if self._held else reason))
            await self._wake.wait()
            return
        delay_s = max(delay_s, self._told_s)
        self._become(ConnectionState(WAITING, retry_at=time.time() + delay_s, reason=reason))
        try:
            await asyncio.wait_for(self._wake.wait(), delay_s)
        except asyncio.TimeoutError:
            # 等到了时间, 再连
            return

    def _become(self, state: ConnectionState) -> None:
        self._state = state
        self._ports.state_changed(state)


# 自己走的要说一声: 否则服务器当作断线, 名字还留着, 马上再开一个 (命令行) 就重名
async def _say_leave(socket: ClientConnection) -> None:
    try:
        await asyncio.wait_for(socket.send(client_frames.leave()), LEAVE_TIMEOUT_S)
    except (ConnectionClosed, asyncio.TimeoutError):
        log.info("chat.leave_unsent")


async def _write(socket: ClientConnection, outgoing: asyncio.Queue[str]) -> None:
    try:
        while True:
            await socket.send(await outgoing.get())
    except ConnectionClosed:
        # 读的一方会看到同一个断开并处理
        return


def _close_reason(error: ConnectionClosed) -> CloseReason:
    received = error.rcvd
    return _outage("no_welcome") if received is None else CloseReason(received.code, received.reason)


def _outage(code: str) -> CloseReason:
    return CloseReason(ABNORMAL_CLOSE, code)


def _unconnected(error: Exception) -> CloseReason:
    """没有连上: 原因会说给用户听, 所以日志只是 info。"""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        log.info("chat.refused status=%d", status)
        return _outage(f"refused HTTP {status}")
    log.info("chat.unreachable error=%r", error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _outage("bad_certificate")
    if isinstance(error.__cause__ or error, EOFError):
        # 没有说话就断了: 也可能正在重启
        return _outage("no_welcome")
    if isinstance(error, _NOT_SLUICE) and not isinstance(error, UnicodeError):
        return _outage("not_sluice")
    # UnicodeError: 地址里的怪字
    if not isinstance(error, (OSError, asyncio.TimeoutError, UnicodeError)):
        # 不应发生: 说出来, 退避之后再来, 不能就此没有连接
        log.error("chat.broken", exc_info=error)
    return _outage("unreachable")
