"""记下每条连接的请求行的转发: 代理的访问日志里就是它。"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import AsyncIterator

_PIECE = 64 * 1024


class OpeningRelay:
    """url: 客户端连它; openings: 各条连接的第一行。"""

    def __init__(self, target_port: int) -> None:
        self.openings: list[str] = []
        self.url = ""
        self._target_port = target_port
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[OpeningRelay]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            first = await reader.readline()
            self.openings.append(first.decode("latin-1").strip())
            to_server.write(first)
            await asyncio.gather(_pour(reader, to_server), _pour(from_server, writer))
        except (OSError, asyncio.CancelledError):
            # 一头断了, 或测试结束
            return
        finally:
            to_server.close()
            writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        piece = await reader.read(_PIECE)
        if not piece:
            writer.close()
            return
        writer.write(piece)
        await writer.drain()
