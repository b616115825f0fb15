"""服务器的磁盘一时写不进: 写下的留着, 说清楚为什么, 好了之后自己发出; 窗口怎么说见 test_window_waiting.py。"""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from python_client.model.events import OutboxChanged

from .member import Member
from .server import SluiceServer


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


def in_state(member: Member, state: str) -> list[OutboxChanged]:
    return [event for event in member.all_of(OutboxChanged) if event.state == state]
