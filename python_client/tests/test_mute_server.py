"""在线却不应答的服务器: 不会一直等下去, 说得出原因; 应答丢了的文字只有一条。"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator

from websockets.asyncio.server import ServerConnection, serve

from python_client.headless.advance import MAX_REWINDS, Advance
from python_client.model.events import SENT, Event, OutboxChanged
from python_client.net.event_queue import EventQueue
from python_client.protocol.address import parse_address
from python_client.session import ChatSession

from .client_process import run_client

WAIT_S = 20.0
NO_PROGRESS = "0.6 秒没有得到服务器的确认, 传输也没有进展"
_LIMITS = {
    "fileBytes": 10**9,
    "frameBytes": 16 * 1024 * 1024,
    "chunkBytes": 262_144,
    "windowBytes": 4 * 1024 * 1024,
    "textBytes": 16_384,
    "nameLength": 32,
}


class MuteServer:
    """让人加入, 然后对什么都不应答。frames: 收到的帧; replies: 收到一帧时答什么; greeting: 加入之后播出的。"""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.reply: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: None
        self.greeting: list[dict[str, Any]] = []

    async def talk(self, socket: ServerConnection) -> None:
        async for text in socket:
            frame = json.loads(text) if isinstance(text, str) else {"type": "binary"}
            if frame["type"] == "user_update":
                for fields in (_welcome(frame["name"]), {"type": "history", "messages": [], "more": False}):
                    await socket.send(json.dumps(fields))
                for fields in self.greeting:
                    await socket.send(json.dumps(fields))
                continue
            self.frames.append(frame)
            reply = self.reply(frame)
            if reply is not None:
                await socket.send(json.dumps(reply))


def _welcome(name: str) -> dict[str, Any]:
    identity = {"type": "welcome", "name": name, "session": "s" * 43, "users": [name], "online": 1}
    return {**identity, "epoch": "e", "seq": 0, "limits": _LIMITS, "features": ["batch", "binary"]}


@contextmanager
def running(server: MuteServer) -> Iterator[str]:
    """在自己的线程里; 给出地址。"""
    started: list[Any] = []
    ready = threading.Event()

    async def main() -> None:
        stop = asyncio.Event()
        async with serve(server.talk, "127.0.0.1", 0, close_timeout=0.1) as listening:
            started.extend((asyncio.get_running_loop(), stop, listening.sockets))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(WAIT_S)
    loop, stop, sockets = started
    (socket,) = sockets
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    loop.call_soon_threadsafe(stop.set)
    thread.join(WAIT_S)


def test_没有应答的文字_断开重来_凭同一个_clientId_再发() -> None:
    server = MuteServer()
    events: list[Event] = []

    def second_time(frame: dict[str, Any]) -> dict[str, Any] | None:
        if len(server.frames) < 2:
            return None
        return {"type": "ack", "clientId": frame["clientId"], "id": "z", "seq": 1, "time": 1}

    async def live(url: str) -> None:
        sent = asyncio.Event()

        def emit(event: Event) -> None:
            events.append(event)
            if isinstance(event, OutboxChanged) and event.state == SENT:
                sent.set()

        session = ChatSession(parse_address(url), "张三", emit, EventQueue().room)
        session.texts.ack_s = 0.2
        task = asyncio.ensure_future(session.run())
        session.texts.add("只有这一个", "嗨")
        await asyncio.wait_for(sent.wait(), WAIT_S)
        task.cancel()
        await asyncio.wait({task})

    server.reply = second_time
    with running(server) as url:
        asyncio.run(live(url))
    assert [frame["clientId"] for frame in server.frames] == ["只有这一个"] * 2


def test_send_等不到确认_到了_timeout_说明原因(tmp_path: Path) -> None:
    small, large = tmp_path / "小.txt", tmp_path / "大.bin"
    small.write_text("小")
    large.write_bytes(bytes(3 * 1024 * 1024))
    server = MuteServer()
    with running(server) as url:
        for words in (["--message", "嗨"], [str(small)], [str(large)]):
            process = run_client(tmp_path, "send", "--url", url, "--name", "张三", "--timeout", "0.6", *words)
            assert process.wait() == 3, process.stderr
            assert process.stderr[-1] == NO_PROGRESS


def test_一加入就断开的服务器_send_也不会试到永远(tmp_path: Path) -> None:
    server = MuteServer()
    # 太大的一帧: 客户端断开
    server.greeting = [{"type": "text", "message": "x" * 3_000_000}]
    with running(server) as url:
        words = ["send", "--url", url, "--name", "张三", "--timeout", "0.6", "--message", "嗨"]
        process = run_client(tmp_path, *words)
    assert process.wait() == 3
    assert process.stderr[-1] == NO_PROGRESS or "连接没有恢复" in process.stderr[-1]


def test_下载总是断在同一处_idle_照样结束(tmp_path: Path) -> None:
    class Cut(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 100)

        def log_message(self, format: str, *args: object) -> None:
            """安静。"""

    server = MuteServer()
    with ThreadingHTTPServer(("127.0.0.1", 0), Cut) as files, running(server) as url:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        server.greeting = [_file(f"http://127.0.0.1:{files.server_port}/x.bin")]
        words = ["recv", "--url", url, "--name", "记录员", "--folder", str(tmp_path / "收到"), "--idle", "2"]
        process = run_client(tmp_path, *words)
        files.shutdown()
    assert process.wait() == 1
    assert [line["type"] for line in process.messages()][:1] == ["file"]


def _file(url: str) -> dict[str, Any]:
    message = {"type": "file", "id": "f1", "seq": 1, "time": 1_700_000_000_000, "name": "李四"}
    content = {"originalName": "x.bin", "url": url, "size": 1000, "sha256": "0" * 64}
    return {**message, **content, "mimeType": "application/octet-stream"}


def test_断了再传同一段不是进展_从头再来的几次是() -> None:
    advance = Advance()
    assert [advance.rises(moved) for moved in (0, 10, 10, 20)] == [False, True, False, True]
    # 服务器丢了半成品
    assert [advance.rises(moved) for moved in (0, 5)] == [False, True]
    for _ in range(MAX_REWINDS):
        advance.rises(0)
        advance.rises(20)
    assert [advance.rises(moved) for moved in (0, 20, 21)] == [False, False, True]
