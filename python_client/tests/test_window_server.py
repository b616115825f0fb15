"""窗口接上真的服务器: 文字与图片两头走, 大文件断了再续, 取消, 被拒, 重连, 关窗口。"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from pathlib import Path
from typing import Any, Iterator

import pytest
from PIL import Image
from websockets.asyncio.client import connect

from ..client import Client, ClientOptions
from ..model.transfers import DONE, FAILED, MOVING
from ..net.network_thread import NetworkThread
from ..protocol.address import ServerAddress
from ..transfer.block_reader import BlockReader
from ..ui.window import Window
from .files import random_bytes
from .gated_relay import GatedRelay
from .server import SluiceServer
from .tk_display import DEADLINE_S, Desktop, shown, wait_until

# 大到要分片 (单帧上限 16 MiB)
BIG_BYTES = 40 * 1024 * 1024


@pytest.fixture
def gate(server: SluiceServer) -> Iterator[GatedRelay]:
    """到服务器的网络: 放过几个分片, 远不到整个文件。"""
    with GatedRelay(server.port, BIG_BYTES // 4) as relay:
        yield relay


def _open(
    desktop: Desktop, server: SluiceServer | GatedRelay, name: str, folder: Path | None = None
) -> Window:
    options = ClientOptions(ServerAddress(server.url), name, folder)
    network = NetworkThread(lambda events: Client(options, events.put, events.room))
    window = desktop.open(network, name)
    return window


def _joined(window: Window) -> Window:
    wait_until(window.root, lambda: window.status.label.cget("text") == "已连接")
    return window


def _say(window: Window, message: str) -> None:
    window.composer.entry.insert(0, message)
    window.composer.entry.focus_force()
    window.composer.entry.event_generate("<Return>")


def _row(window: Window, state: str) -> bool:
    return any(transfer.state == state for transfer in window.transfers.items)


def _big_file(path: Path) -> Path:
    """几处随机, 其余是洞: 不占这边的磁盘。"""
    with path.open("wb") as stream:
        for offset in (0, BIG_BYTES // 2, BIG_BYTES - 1024):
            stream.seek(offset)
            stream.write(random_bytes(1024))
    return path


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1024 * 1024):
            digest.update(block)
    return digest.hexdigest()


async def _plain_client(url: str, frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """只会基础协议的一个客户端: 加入, 发几帧, 收到对方的文字为止。"""
    received: list[dict[str, Any]] = []
    async with connect(url.replace("http", "ws", 1)) as socket:
        for frame in frames:
            await socket.send(json.dumps(frame))
        async for raw in socket:
            received.append(json.loads(raw))
            if received[-1].get("message") == "窗口说的":
                return received
    return received


def test_文字两头走_同在一个房间(desktop: Desktop, server: SluiceServer) -> None:
    window = _joined(_open(desktop, server, "张三"))
    received: list[dict[str, Any]] = []
    frames = [
        {"type": "user_update", "action": "join", "name": "李四"},
        {"type": "text", "name": "李四", "message": "别处说的"},
    ]
    other = threading.Thread(target=lambda: received.extend(asyncio.run(_plain_client(server.url, frames))))
    other.start()
    wait_until(window.root, lambda: "别处说的" in shown(window))
    assert "在线用户 (2)" in window.people.heading.cget("text")
    _say(window, "窗口说的")
    wait_until(window.root, lambda: not other.is_alive())
    assert [item["name"] for item in received if item.get("message") == "窗口说的"] == ["张三"]
    wait_until(window.root, lambda: "李四 离开" in shown(window) or "李四" not in window.people._shown)
    wait_until(window.root, lambda: shown(window).count("窗口说的") == 1 and "发送中" not in shown(window))


def test_两个窗口_图片在对方那里有预览_文件列表里也有(
    desktop: Desktop, server: SluiceServer, tmp_path: Path
) -> None:
    first = _joined(_open(desktop, server, "张三"))
    second = _joined(_open(desktop, server, "李四"))
    path = tmp_path / "云海.png"
    Image.new("RGB", (800, 600), "#3366cc").save(path)
    first.actions.send_files([path])
    wait_until(first.root, lambda: _row(first, DONE))

    def previewed() -> bool:
        first.root.update()
        return bool(second.pictures._loaded)

    wait_until(second.root, previewed)
    assert second.files.listbox.get(0, "end") == ("云海.png",)
    # 图标与缩好的预览
    log = second.log.text
    heights = [
        int(log.tk.call("image", "height", log.image_cget(name, "image"))) for name in log.image_names()
    ]
    assert len(heights) == 2
    assert max(heights) >= 150


def test_大文件传到一半服务器被_kill_回来接着传_内容一字不差(
    desktop: Desktop, gate: GatedRelay, server: SluiceServer, tmp_path: Path
) -> None:
    window = _joined(_open(desktop, gate, "张三", tmp_path / "config"))
    path = _big_file(tmp_path / "大文件.bin")
    window.actions.send_files([path])
    wait_until(
        window.root, lambda: any(item.state == MOVING and item.moved > 0 for item in window.transfers.items)
    )
    server.kill()
    wait_until(window.root, lambda: "秒后重连" in window.status.label.cget("text"))
    assert not _row(window, DONE)
    gate.open()
    server.start()
    window.status.button.invoke()
    wait_until(window.root, lambda: _row(window, DONE), 60)
    wait_until(window.root, lambda: "大文件.bin" in shown(window))
    (published,) = server.published()
    assert _hash(published) == _hash(path)


def test_取消上传_服务器与列表都不留(
    desktop: Desktop, gate: GatedRelay, server: SluiceServer, tmp_path: Path
) -> None:
    window = _joined(_open(desktop, gate, "张三"))
    path = _big_file(tmp_path / "不要了.bin")
    window.actions.send_files([path])
    wait_until(
        window.root, lambda: any(item.state == MOVING and item.moved > 0 for item in window.transfers.items)
    )
    row = window.transfers.rows[0]
    row.buttons["暂停"].invoke()
    wait_until(window.root, lambda: "已暂停" in row.detail.cget("text"))
    row.buttons["取消"].invoke()
    wait_until(window.root, lambda: not window.transfers.frame.winfo_ismapped())
    wait_until(window.root, lambda: server.partials() == [])
    assert "不要了.bin" not in shown(window)


def test_不许的类型_失败的一行说明原因(desktop: Desktop, server: SluiceServer, tmp_path: Path) -> None:
    window = _joined(_open(desktop, server, "张三"))
    path = tmp_path / "工具.exe"
    path.write_bytes(b"MZ" + bytes(100))
    window.actions.send_files([path])
    wait_until(window.root, lambda: _row(window, FAILED))
    said = window.transfers.rows[0].detail.cget("text")
    assert "哪些类型可以发由管理员决定" in said
    assert "{" not in said


def test_断线期间写的_回来之后发出_不重不漏(desktop: Desktop, server: SluiceServer) -> None:
    window = _joined(_open(desktop, server, "张三"))
    _say(window, "断线之前")
    wait_until(window.root, lambda: "发送中" not in shown(window) and "断线之前" in shown(window))
    server.kill()
    wait_until(window.root, lambda: "秒后重连" in window.status.label.cget("text"))
    assert "网络断开" in window.status.label.cget("text")
    _say(window, "断线期间")
    wait_until(window.root, lambda: "发送中" in shown(window))
    server.start()
    window.status.button.invoke()
    wait_until(window.root, lambda: "发送中" not in shown(window))
    wait_until(window.root, lambda: window.status.label.cget("text") == "已连接")
    assert (shown(window).count("断线之前"), shown(window).count("断线期间")) == (1, 1)


def test_名字被占_再问_换了就进去(
    desktop: Desktop, server: SluiceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _joined(_open(desktop, server, "张三"))
    asked: list[tuple[str, str]] = []

    def answer(_: str, prompt: str, **options: Any) -> str:
        asked.append((prompt, options["initialvalue"]))
        return "李四"

    # 对话框本身由 test_window_login 走真的
    monkeypatch.setattr("tkinter.simpledialog.askstring", answer)
    second = _joined(_open(desktop, server, "张三"))
    ((prompt, suggested),) = asked
    assert prompt != "请输入用户名:"
    assert suggested not in ("", "张三")
    assert "李四 @" in second.status.who.cget("text")


def test_传到一半关窗口_至多再读两块_线程都结束(
    desktop: Desktop, gate: GatedRelay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    read_block = BlockReader._read_block

    def counted(reader: BlockReader, offset: int, buffer: bytearray) -> Any:
        read.append(offset)
        return read_block(reader, offset, buffer)

    monkeypatch.setattr(BlockReader, "_read_block", counted)
    before = set(threading.enumerate())
    window = _joined(_open(desktop, gate, "张三", tmp_path / "config"))
    path = _big_file(tmp_path / "还在传.bin")
    window.actions.send_files([path])
    wait_until(
        window.root, lambda: any(item.state == MOVING and item.moved > 0 for item in window.transfers.items)
    )
    # 窗口又开了, 正要接着读
    gate.open()
    window.close()
    done = len(read)
    # 手里的一块与已排着的下一块; 期限只为真的停不下来
    for thread in set(threading.enumerate()) - before:
        thread.join(DEADLINE_S)
    assert set(threading.enumerate()) - before == set()
    assert len(read) - done <= 2


async def _serve_unknown(port: int, joined: threading.Event, stop: threading.Event) -> None:
    """一个说新话的服务器: 应答加入之后, 发一种还没有的帧, 再发一条平常的。"""
    from websockets.asyncio.server import ServerConnection, serve

    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        limits = {
            "fileBytes": 1, "frameBytes": 1, "chunkBytes": 1, "windowBytes": 1, "textBytes": 100, "nameLength": 32,
        }  # fmt: skip
        welcome = {"type": "welcome", "name": "张三", "session": "s", "users": ["张三"], "online": 1}
        await socket.send(
            json.dumps({**welcome, "epoch": "e", "seq": 0, "limits": limits, "features": ["batch"]})
        )
        await socket.send(json.dumps({"type": "poll_started", "message": "以后的投票"}))
        known = {"type": "text", "id": "i", "seq": 1, "time": 1, "name": "李四", "message": "认识的"}
        await socket.send(json.dumps(known))
        joined.set()
        await socket.wait_closed()

    async with serve(talk, "127.0.0.1", port):
        while not stop.is_set():
            await asyncio.sleep(0.02)


def test_不认识的类型不显示(desktop: Desktop, tmp_path: Path) -> None:
    # 真的服务器不会发不认识的类型: 这里由 websockets 的服务器发
    server = SluiceServer()
    joined, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve_unknown(server.port, joined, stop)))
    thread.start()
    try:
        window = _open(desktop, server, "张三")
        wait_until(window.root, lambda: "认识的" in shown(window))
        assert "投票" not in shown(window)
        assert "poll" not in shown(window) + window.status.label.cget("text")
    finally:
        window.close()
        stop.set()
        thread.join()
