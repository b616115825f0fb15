"""搜索: 标出的位置, 真服务器上的一页一页与前后的聊天, 命令行, 说得出的错误。"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ..headless.options import UNREACHABLE, SearchOptions
from ..headless.search import search
from ..headless.terminal import Terminal
from ..model.connection import STOPPED
from ..model.events import ContextLoaded, Searched
from ..model.search_hits import MAX_HITS, find_hits, query_problem, snippet
from ..net.archive import SEARCH_PAGE
from ..protocol.address import parse_address
from ..protocol.messages import TextMessage
from ..settings import UsageError
from .client_process import run_client
from .member import Member, phases
from .server import SluiceServer
from .split_relay import SplitRelay


@pytest.mark.parametrize(
    ("text", "query", "hits"),
    [
        ("会议室里开会议", "会议", ["会议", "会议"]),
        ("Hello HELLO hello", "hElLo", ["Hello", "HELLO", "hello"]),
        ("aaaa", "aa", ["aa", "aa"]),
        ("100% 的 a.b*c", "b*", ["b*"]),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", ["ΣΊΣΥΦΟΣ"]),
        ("😀会议😀", "议😀", ["议😀"]),
        # 折叠之后变长的字: 位置仍对得上原文
        ("İß 会议", "会议", ["会议"]),
        ("没有", "会议", []),
        ("空的", "", []),
    ],
)
def test_标出的正是原文里的那几个字(text: str, query: str, hits: list[str]) -> None:
    assert [text[start:stop] for start, stop in find_hits(text, query)] == hits


def test_一段里标出的有上限() -> None:
    assert len(find_hits("啊" * 10_000, "啊")) == MAX_HITS


def test_摘要是一行_看得到第一处_两头省略() -> None:
    assert snippet("一句\n话", "话") == "一句 话"
    long = snippet("前" * 300 + "会议" + "后" * 300, "会议")
    assert long.startswith("…前") and long.endswith("后…") and "会议" in long
    assert len(long) < 130


def test_太长的搜索词不发() -> None:
    assert query_problem("会" * 256) == ""
    assert "256" in query_problem("会" * 257)
    assert "256" in query_problem("😀" * 129), "服务器数的是 UTF-16 单元"


def test_一页一页地搜_新的在前_再取那一条前后的(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(server: SluiceServer) -> None:
        member = Member(server)
        await member.online()
        for index in range(SEARCH_PAGE * 2):
            member.session.texts.add(f"m{index}", f"第 {index} 次 Meeting" if index % 2 == 0 else "别的")
        lines = [f"第 {index} 次 Meeting" for index in range(0, SEARCH_PAGE * 2, 2)]
        await member.said(lines[-1])
        archive = member.session.archive
        archive.search(1, "meeting", None)
        first = (await member.until(lambda: member.all_of(Searched), "第一页"))[0]
        assert (first.number, _texts(first), first.more) == (1, lines[::-1][:SEARCH_PAGE], False)
        archive.search(2, "次 MEET", first.messages[9].seq)
        second = (await member.until(lambda: member.all_of(Searched)[1:], "接着要的"))[0]
        assert _texts(second) == lines[::-1][10:]
        hit = first.messages[12]
        archive.load_context(3, hit.seq, None)
        archive.load_context(3, None, hit.seq)
        await member.until(lambda: len(member.all_of(ContextLoaded)) == 2 or None, "前后")
        older, newer = sorted(member.all_of(ContextLoaded), key=lambda page: page.is_newer)
        seqs = [message.seq for message in (*older.messages, hit, *newer.messages)]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        archive.search(4, "没有的", None)
        await member.until(lambda: Searched(4) in member.events or None, "一条也没有")
        member.session._connection.hold()
        await member.until(lambda: phases(member)[-1] == STOPPED, "停着")
        archive.search(5, "断线之后", None)
        (failed,) = await member.until(lambda: [e for e in member.all_of(Searched) if e.error], "说得出原因")
        assert failed.error == "还没有连上服务器"
        await member.close()

    with SluiceServer(MESSAGES_PER_SECOND="0", HISTORY_SYNC="false") as server:
        asyncio.run(scenario(server))
        _headless(tmp_path, server.url, capfd)


def _headless(folder: Path, url: str, capfd: pytest.CaptureFixture[str]) -> None:
    """命令行: 同一个服务器上; 一次是真的进程。"""
    process = run_client(folder, "search", "次", "meeting", "--limit", "3", "--url", url)
    assert process.wait() == 0
    last = process.messages()
    assert [line["message"] for line in last] == [f"第 {index} 次 Meeting" for index in (58, 56, 54)]
    capfd.readouterr()
    rest = SearchOptions("meeting", 101, last[-1]["seq"])
    assert search(rest, parse_address(url), Terminal(sys.stderr)) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert len(lines) == 27 and lines[0]["message"] == "第 52 次 Meeting"
    assert search(SearchOptions("没有的", 1, None), parse_address(url), Terminal(sys.stderr)) == 0
    assert capfd.readouterr() == ("", "没有找到\n")


def test_命令行说得出的错误(capfd: pytest.CaptureFixture[str]) -> None:
    nowhere = parse_address("http://127.0.0.1:9")
    assert search(SearchOptions("会议", 20, None), nowhere, Terminal(sys.stderr)) == UNREACHABLE
    assert capfd.readouterr() == ("", "连不上服务器, 请检查网络与地址\n")
    with pytest.raises(UsageError, match="太长"):
        search(SearchOptions("会" * 257, 20, None), nowhere, Terminal(sys.stderr))


def test_命令行_很长的中文搜索词在真的网络上被拆成两段_照样搜得到(capfd: pytest.CaptureFixture[str]) -> None:
    query = "关于下个月评审会议的安排" * 20

    async def say(server: SluiceServer) -> None:
        member = Member(server)
        await member.online()
        member.session.texts.add("m1", f"开头, {query}")
        await member.said(f"开头, {query}")
        await member.close()

    with SluiceServer() as server:
        asyncio.run(say(server))
        with SplitRelay(server.port) as relay:
            code = search(SearchOptions(query, 20, None), parse_address(relay.url), Terminal(sys.stderr))
    said = capfd.readouterr()
    assert (code, said.err) == (0, "")
    assert json.loads(said.out)["message"] == f"开头, {query}"


class _GetOnly(BaseHTTPRequestHandler):
    """从前的服务器: POST 没有这个地址。"""

    def do_POST(self) -> None:
        self._reply(404, {"error": {"code": "not_found", "message": "没有这个资源"}})

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)["query"][0]
        found = {"type": "text", "id": "t", "seq": 1, "time": 1, "name": "李四", "message": f"有{query}"}
        self._reply(200, {"query": query, "messages": [found], "more": False})

    def log_message(self, format: str, *args: object) -> None:
        """不往屏幕上写。"""

    def _reply(self, status: int, body: object) -> None:
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)


def test_命令行_从前的服务器只有_GET_照样搜得到(capfd: pytest.CaptureFixture[str]) -> None:
    with HTTPServer(("127.0.0.1", 0), _GetOnly) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = parse_address(f"http://127.0.0.1:{server.server_port}")
        code = search(SearchOptions("会议", 20, None), address, Terminal(sys.stderr))
        server.shutdown()
        thread.join()
    assert code == 0
    assert json.loads(capfd.readouterr().out)["message"] == "有会议"


def _texts(page: Searched) -> list[str]:
    return [message.message for message in page.messages if isinstance(message, TextMessage)]
