"""search: 经 HTTP 搜索聊天记录, 每条一行 JSON, 新的在前; 不加入聊天, 别人看不到进出。"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging

from ..model.search_hits import query_problem
from ..protocol.address import ServerAddress
from ..protocol.codec import BadFrameError, decode_search, encode_room_message
from ..protocol.errors import OWN_ERRORS, describe_error
from ..protocol.messages import MAX_SEARCH_LIMIT, SearchPage
from ..settings import UsageError
from ..transfer.http_request import BadUrlError, HttpRequest, get_small
from . import options as codes
from .json_lines import BrokenOutputError, ClosedOutputError, JsonLines
from .options import SearchOptions
from .run import EndedError
from .terminal import Terminal

log = logging.getLogger(__name__)

# 一页历史估计至多 256 KiB, 转义最多使它涨到六倍 (字节)
_MAX_BODY_BYTES = 2 * 1024 * 1024
# 服务器忙: 隔这么久再问 (秒), 至多问几次
_BUSY_S = 1.0
_MAX_TRIES = 5


def search(options: SearchOptions, address: ServerAddress, terminal: Terminal) -> int:
    """返回退出码; 搜索词太长抛 UsageError, 那时还没有连接。"""
    problem = query_problem(options.query)
    if problem:
        raise UsageError(problem)
    try:
        return asyncio.run(_search(options, address, terminal))
    except EndedError as ended:
        terminal.line(ended.line)
        return ended.code


async def _search(options: SearchOptions, address: ServerAddress, terminal: Terminal) -> int:
    lines = JsonLines()
    found, before = 0, options.before
    try:
        while found < options.limit:
            page = await _page(options.query, min(options.limit - found, MAX_SEARCH_LIMIT), before, address)
            for message in page.messages:
                await lines.write(encode_room_message(message))
            found += len(page.messages)
            # 一条也认不出来却说还有: 没有可以接着要的地方
            if not page.more or not page.messages:
                break
            before = page.messages[-1].seq
    except ClosedOutputError:
        # 管道的读者先走了 (例如 head): 像别的命令一样安静地结束
        log.info("search.stdout_closed")
        return codes.OK
    except BrokenOutputError as error:
        raise EndedError(codes.FAILED, str(error)) from error
    if found == 0:
        terminal.line("没有找到")
    return codes.OK


async def _page(query: str, limit: int, before: int | None, address: ServerAddress) -> SearchPage:
    url = address.search_url(query, limit, before)
    for _ in range(_MAX_TRIES):
        try:
            # 阻塞也无妨: 除了等它没有别的事, Ctrl+C 直接打断
            status, body = get_small(HttpRequest(url), _MAX_BODY_BYTES)
        except (OSError, http.client.HTTPException) as error:
            log.info("search.unreachable error=%r", error)
            raise EndedError(codes.UNREACHABLE, OWN_ERRORS["unreachable"]) from error
        except BadUrlError as error:
            raise EndedError(codes.UNREACHABLE, "服务器的地址不对") from error
        if status == 200:
            return _decode(body)
        if status not in (429, 503):
            raise EndedError(codes.FAILED, _refusal(status, body))
        await asyncio.sleep(_BUSY_S)
    raise EndedError(codes.FAILED, "服务器太忙, 请稍后再试")


def _decode(body: bytes) -> SearchPage:
    try:
        return decode_search(body.decode("utf-8"))
    except (BadFrameError, UnicodeDecodeError) as error:
        log.info("search.bad_reply error=%s", error)
        raise EndedError(codes.FAILED, OWN_ERRORS["not_sluice"]) from error


def _refusal(status: int, body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        return f"{OWN_ERRORS['not_sluice']} (HTTP {status})"
    if code == "not_found":
        return "这个服务器还不能搜索"
    return describe_error(code, message)
