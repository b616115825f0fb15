"""一次 HTTP 请求 (GET, HEAD, 小的 POST), 在工作线程里; 不经代理, 可以从别的线程掐断。"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from typing import Mapping
from urllib.parse import SplitResult, quote, urlsplit

from .. import __version__
from ..net.retry_after import told_s

# 连接与每次读取的期限 (秒): 停住的服务器不会永远占着线程
CONNECT_S = 10.0
STALL_S = 30.0
# 小请求从连上到收完的总期限 (秒): 每秒滴一个字节的服务器占不住线程
SMALL_S = 20.0
# 路径与参数里原样留着的; 其余的 (汉字, 空格) 同浏览器一样转义
_SAFE = "/?%:@!$&'()*+,;=~-._"


class BadUrlError(Exception):
    """不是 http(s) 的地址。"""


def split_url(url: str) -> SplitResult:
    """核对过的地址: 协议, 主机与端口都可以拿去连接; 不是的抛 BadUrlError。"""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        # 过长的一段, 空的一段: 到连接时才会出 UnicodeError
        encoded = (host or "").encode("idna")
    except ValueError as error:
        raise BadUrlError(url) from error
    is_plain = bool(encoded) and all(0x20 < byte < 0x7F for byte in encoded)
    if parts.scheme not in ("http", "https") or not is_plain:
        raise BadUrlError(url)
    return parts


class HttpRequest:
    """用一次就丢。错误: OSError (连不上, 断线, 超时), http.client.HTTPException, BadUrlError。"""

    def __init__(self, url: str) -> None:
        parts = split_url(url)
        # split_url 已核对: 有主机名
        host = parts.hostname or ""
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(host, parts.port, timeout=CONNECT_S)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._target = quote(target, safe=_SAFE, errors="replace")
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._response: http.client.HTTPResponse | None = None
        self._aborted = False

    @property
    def is_aborted(self) -> bool:
        return self._aborted

    def get(
        self, headers: Mapping[str, str] | None = None, stall_s: float = STALL_S
    ) -> http.client.HTTPResponse:
        """发出请求, 返回头已到的应答。stall_s: 每次读取的期限, 秒。"""
        return self._ask("GET", headers or {}, stall_s)

    def post_json(self, body: bytes) -> http.client.HTTPResponse:
        """body: 编好的 JSON。"""
        return self._ask("POST", {"Content-Type": "application/json"}, STALL_S, body)

    def head(self) -> http.client.HTTPResponse:
        """只要头。"""
        return self._ask("HEAD", {}, STALL_S)

    def _ask(
        self, method: str, headers: Mapping[str, str], stall_s: float, body: bytes | None = None
    ) -> http.client.HTTPResponse:
        self._connection.connect()
        with self._lock:
            if self._aborted:
                raise OSError("已掐断")
            # 应答带 Connection: close 时 http.client 会丢开它的引用, 掐断要靠这一个
            self._socket = self._connection.sock
            self._socket.settimeout(stall_s)
        given = {"User-Agent": f"sluice-python/{__version__}", "Accept-Encoding": "identity"}
        self._connection.request(method, self._target, body, {**given, **headers})
        self._response = self._connection.getresponse()
        return self._response

    def abort(self) -> None:
        """任何线程: 正在进行的读取马上以错误结束 (还在连接的等到 CONNECT_S)。"""
        with self._lock:
            self._aborted = True
            if self._socket is None:
                return
            try:
                # 只能 shutdown: close 不会叫醒正在 recv 的线程。TLS 的也直接断底下的那一层
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                # 已经断了, 或已经关了
                return

    def close(self) -> None:
        with self._lock:
            self._socket = None
        if self._response is not None:
            # 没有读完的应答也拿着套接字
            self._response.close()
        self._connection.close()


def told_in(body: bytes) -> float:
    """错误的应答体里说的: 过多久再来 (秒); 没有说为 0。"""
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return 0.0
    return told_s(error) if isinstance(error, dict) else 0.0


def get_small(request: HttpRequest, most: int, posted: bytes | None = None) -> tuple[int, bytes]:
    """状态码与至多 most 字节的内容; 更长的, 过了期限的抛 OSError。posted: 不是 GET, 而是 POST 这段 JSON。"""
    # 每次读取的期限挡不住一点一点来的: 到时从另一个线程掐断
    deadline = threading.Timer(SMALL_S, request.abort)
    deadline.daemon = True
    deadline.start()
    try:
        response = request.get() if posted is None else request.post_json(posted)
        body = response.read(most + 1)
        # 掐断之后读到的像是正常的结尾
        if request.is_aborted:
            raise OSError("应答太慢, 或已掐断")
        if len(body) > most:
            raise OSError(f"应答超过 {most} 字节")
        return response.status, body
    finally:
        deadline.cancel()
        request.close()
