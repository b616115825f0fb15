"""有闸门的网络: 每条连接每个方向只先放过一小段, 余下的等测试打开闸门。传到一半的事因此不与机器的快慢赛跑。"""

from __future__ import annotations

import asyncio
import threading

# 测试自己的期限 (秒)
_STALL_S = 15


class GatedRelay:
    """用作上下文: 127.0.0.1 上的一个端口, 转给 port。一端断了另一端也断, 还没放过的丢掉, 与断网一样。"""

    def __init__(self, port: int, passes: int) -> None:
        self._target = port
        # 闸门关着时, 一条连接一个方向放过的字节
        self.passes = passes
        self.is_open = False
        self.url = ""
        self._ends: set[_End] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gated-relay")

    def open(self) -> None:
        """从此都放过, 停在半路的也走。"""
        self._loop.call_soon_threadsafe(self._turn, True)

    def close(self) -> None:
        """又只放过一小段: 之后的连接, 与还没放过那么多的。"""
        self._loop.call_soon_threadsafe(self._turn, False)

    def __enter__(self) -> GatedRelay:
        # 另一个线程里: 测试的循环停着 (等服务器退出) 时, 网络照样走
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_STALL_S)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(_STALL_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STALL_S)
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _stop(self) -> None:
        self._server.close()
        for end in list(self._ends):
            end.drop()
        # 断开的回调都走完
        while self._ends:
            await asyncio.sleep(0)

    def _turn(self, is_open: bool) -> None:
        self.is_open = is_open
        for end in self._ends:
            end.flush()

    def _accept(self) -> _End:
        near, far = _End(self), _End(self)
        near.other, far.other = far, near
        near.connecting = self._loop.create_task(self._dial(near, far))
        return near

    async def _dial(self, near: _End, far: _End) -> None:
        try:
            await self._loop.create_connection(lambda: far, "127.0.0.1", self._target)
        except OSError:
            # 服务器不在
            near.drop()

    def joined(self, end: _End) -> None:
        self._ends.add(end)

    def left(self, end: _End) -> None:
        self._ends.discard(end)


class _End(asyncio.Protocol):
    """一条连接的一端: 收到的攒着, 放得过的写给 other。"""

    other: _End
    connecting: asyncio.Task[None]

    def __init__(self, relay: GatedRelay) -> None:
        self._relay = relay
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._passed = 0
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._relay.joined(self)
        # 接上之前那一端就可能来了字节, 或者已经断了
        if self.other._is_lost:
            self.drop()
        else:
            self.other.flush()

    def data_received(self, data: bytes) -> None:
        self._held += data
        self.flush()

    def connection_lost(self, _: Exception | None) -> None:
        self._is_lost = True
        self._relay.left(self)
        if self.other._transport is not None:
            # 写出已放过的再断
            self.other._transport.close()

    def flush(self) -> None:
        if self.other._transport is None:
            return
        left = len(self._held) if self._relay.is_open else self._relay.passes - self._passed
        piece = bytes(self._held[: max(0, left)])
        del self._held[: len(piece)]
        self._passed += len(piece)
        self.other._transport.write(piece)

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()
