"""经 HTTP 搜索 (POST /api/search): 不加入聊天也能问; 阻塞, 给命令行用。"""

from __future__ import annotations

import http.client
import json
import logging
import time

from .protocol.address import ServerAddress
from .protocol.codec import BadFrameError, decode_search
from .protocol.errors import OWN_ERRORS, describe_error
from .protocol.messages import SearchPage
from .protocol.search_query import utc_offset_minutes
from .transfer.http_request import BadUrlError, HttpRequest, get_small, told_in

log = logging.getLogger(__name__)

# 一页历史估计至多 256 KiB, 转义最多使它涨到六倍 (字节)
_MAX_BODY_BYTES = 2 * 1024 * 1024
# 服务器忙: 隔这么久再问 (秒), 至多问几次
_BUSY_S = 1.0
_MAX_TRIES = 5
_BUSY = frozenset({429, 503})
# 没有 POST 的服务器: 从前的与以后说得出 405 的
_NO_POST = frozenset({404, 405})


class UnreachableError(Exception):
    """连不上; 说明就是给用户看的一行。"""


class SearchRefusedError(Exception):
    """连上了, 没有搜成; 说明就是给用户看的一行。"""


def search_page(address: ServerAddress, query: str, limit: int, before: int | None) -> SearchPage:
    """一页结果, 新的在前。错误: UnreachableError, SearchRefusedError。"""
    for _ in range(_MAX_TRIES):
        status, body = _ask(address, query, limit, before)
        if status == 200:
            return _decode(body)
        if status not in _BUSY:
            raise SearchRefusedError(_refusal(status, body))
        time.sleep(max(_BUSY_S, told_in(body)))
    raise SearchRefusedError("服务器太忙, 请稍后再试")


def _ask(address: ServerAddress, query: str, limit: int, before: int | None) -> tuple[int, bytes]:
    # 不用 GET: 一个汉字在地址里占 9 字节, 长的请求行被 TCP 拆成两段, uWebSockets.js 就应答 505
    asked = {"query": query, "limit": limit, "before": before, "utcOffset": utc_offset_minutes()}
    posted = json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")
    status, body = _request(address.search_url, posted)
    if status in _NO_POST:
        return _request(address.long_search_url(query, limit, before), None)
    return status, body


def _request(url: str, posted: bytes | None) -> tuple[int, bytes]:
    """posted 为 None: GET。"""
    try:
        return get_small(HttpRequest(url), _MAX_BODY_BYTES, posted)
    except (OSError, http.client.HTTPException) as error:
        log.info("search.unreachable error=%r", error)
        raise UnreachableError(OWN_ERRORS["unreachable"]) from error
    except BadUrlError as error:
        raise UnreachableError("服务器的地址不对") from error


def _decode(body: bytes) -> SearchPage:
    try:
        return decode_search(body.decode("utf-8"))
    except (BadFrameError, UnicodeDecodeError) as error:
        log.info("search.bad_reply error=%s", error)
        raise SearchRefusedError(OWN_ERRORS["not_sluice"]) from error


def _refusal(status: int, body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        # 不是我们的服务器在应答
        return f"{OWN_ERRORS['not_sluice']} (HTTP {status})"
    return "这个服务器还不能搜索" if code == "not_found" else describe_error(code, message)
