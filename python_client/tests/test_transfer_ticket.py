"""传输连接的网址里没有会话令牌: 代理的访问日志记下的是用过就作废的票; 从前的服务器照旧用令牌。"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..model.transfers import DONE
from ..transfer.uploads import Uploads
from .chat import Chat, eventually, run
from .files import MIB, make_file
from .opening_relay import OpeningRelay
from .server import SluiceServer

_TICKET = re.compile(r"GET /ws/transfer\?ticket=[\w-]{32} HTTP/1\.1")


@pytest.mark.parametrize("hide", [frozenset(), frozenset({"ticket"})], ids=["票", "从前的服务器"])
def test_上传与取消经过的网址(emptied_server: SluiceServer, tmp_path: Path, hide: frozenset[str]) -> None:
    async def test() -> None:
        async with OpeningRelay(emptied_server.port).running() as relay, Chat(relay.url, hide) as chat:
            uploads = Uploads(chat.address, chat, None)
            chat.uploads = uploads
            uploads.online()
            (done,) = uploads.add([make_file(tmp_path, "数据.bin", 2 * MIB)])
            await chat.until_state(done, DONE)
            (unwanted,) = uploads.add([make_file(tmp_path, "不要.bin", 64 * MIB)])
            await chat.until_moving(unwanted)
            uploads.pause(unwanted)
            uploads.cancel(unwanted)
            await eventually(lambda: emptied_server.partials() == [])
            await uploads.stop()
        urls = [line for line in relay.openings if "/ws/transfer" in line]
        # 两次上传, 一次去删
        assert len(urls) == 3
        if hide:
            assert all("?session=" in url for url in urls)
        else:
            assert all(_TICKET.match(url) for url in urls)
            assert len(set(urls)) == 3

    run(test)
