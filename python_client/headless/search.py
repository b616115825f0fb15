"""search: 经 HTTP 搜索聊天记录, 每条一行 JSON, 新的在前; 不加入聊天, 别人看不到进出。"""

from __future__ import annotations

import asyncio
import logging

from ..model.search_hits import query_hint, query_problem
from ..protocol.address import ServerAddress
from ..protocol.codec import encode_room_message
from ..protocol.messages import MAX_SEARCH_LIMIT
from ..settings import UsageError
from ..web_search import SearchRefusedError, UnreachableError, search_page
from . import options as codes
from .json_lines import BrokenOutputError, ClosedOutputError, JsonLines
from .options import SearchOptions
from .terminal import Terminal

log = logging.getLogger(__name__)


def search(options: SearchOptions, address: ServerAddress, terminal: Terminal) -> int:
    """返回退出码; 搜索词太长抛 UsageError, 那时还没有连接。"""
    problem = query_problem(options.query)
    if problem:
        raise UsageError(problem)
    hint = query_hint(options.query)
    if hint:
        terminal.line(hint)
    try:
        found = asyncio.run(_print_all(options, address))
    except UnreachableError as error:
        terminal.line(str(error))
        return codes.UNREACHABLE
    except (SearchRefusedError, BrokenOutputError) as error:
        terminal.line(str(error))
        return codes.FAILED
    except ClosedOutputError:
        # 管道的读者先走了 (例如 head): 像别的命令一样安静地结束
        log.info("search.stdout_closed")
        return codes.OK
    if found == 0:
        terminal.line("没有找到")
    return codes.OK


async def _print_all(options: SearchOptions, address: ServerAddress) -> int:
    """返回输出了几条。"""
    lines = JsonLines()
    found, before = 0, options.before
    while found < options.limit:
        # 在循环里阻塞也无妨: 除了等它没有别的事, Ctrl+C 直接打断
        page = search_page(address, options.query, min(options.limit - found, MAX_SEARCH_LIMIT), before)
        for message in page.messages:
            await lines.write(encode_room_message(message))
        found += len(page.messages)
        # 一条也认不出来却说还有: 没有可以接着要的地方
        if not page.more or not page.messages:
            break
        before = page.messages[-1].seq
    return found
