"""服务器的磁盘一时写不进: 写下的留着, 说清楚为什么, 好了之后自己发出; 会话与窗口各一遍。"""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from python_client.model.events import WAITING_SERVER, MessageArrived, OutboxChanged
from python_client.ui.window import Window

from .member import Member
from .sample import text
from .server import SluiceServer
from .tk_display import HandFedNetwork, drained, shown


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """folder 上盖一个只读的 tmpfs; 没有权限则跳过。"""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("挂不了 tmpfs (不是 root, 或不是 Linux)")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_磁盘只读时写的两句留着_改回之后按次序各发出一次() -> None:
    async def scenario(server: SluiceServer) -> None:
        first, second = Member(server), Member(server)
        await asyncio.gather(first.online(), second.online())
        with read_only(server.storage / "history"):
            first.session.texts.add("m-1", "第一句")
            first.session.texts.add("m-2", "第二句")
            waiting = await first.until(lambda: in_state(first, "waiting"), "等着再发")
            assert waiting[0].client_id == "m-1" and "EROFS" in waiting[0].error
        await second.said("第二句")
        await first.until(lambda: len(in_state(first, "sent")) == 2 or None, "两句都有应答")
        assert in_state(first, "failed") == []
        assert [text for text in second.texts() if text.startswith("第")] == ["第一句", "第二句"]
        await asyncio.gather(first.close(), second.close())

    with SluiceServer() as server:
        asyncio.run(scenario(server))


def test_窗口_此刻收不下的一句说明原因_收下之后只剩正式的一条(
    window: Window, network: HandFedNetwork
) -> None:
    network.put(OutboxChanged("c1", "等着的一句", WAITING_SERVER, "磁盘此刻读写不了 (EROFS)"))
    drained(window, network)
    assert "服务器此刻收不下, 过会儿自动再发: 磁盘此刻读写不了 (EROFS)" in shown(window)
    assert "发送失败" not in shown(window)
    network.put(MessageArrived(text(1, "等着的一句", "张三"), True, "c1"))
    drained(window, network)
    assert shown(window).count("等着的一句") == 1
    assert "收不下" not in shown(window)


def in_state(member: Member, state: str) -> list[OutboxChanged]:
    return [event for event in member.all_of(OutboxChanged) if event.state == state]
