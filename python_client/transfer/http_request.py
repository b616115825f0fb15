"""一次 HTTP GET, 在工作线程里; 不经代理, 可以从别的线程掐断。"""

from __future__ import annotations

import http.client
import socket
import threading
from typing import Mapping
from urllib.parse import urlsplit

from .. import __version__

# 连接与每次读取的期限 (秒): 停住的服务器不会永远占着线程
CONNECT_S = 10.0
STALL_S = 30.0


class BadUrlError(Exception):
    """不是 http(s) 的地址。"""


class HttpRequest:
    """用一次就丢。错误: OSError (连不上, 断线, 超时), http.client.HTTPException, BadUrlError。"""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise BadUrlError(url) from error
        if parts.scheme not in ("http", "https") or not host:
            raise BadUrlError(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(host, port, timeout=CONNECT_S)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._aborted = False

    def get(self, headers: Mapping[str, str] | None = None) -> http.client.HTTPResponse:
        """发出请求, 返回头已到的应答。"""
        self._connection.connect()
        with self._lock:
            if self._aborted:
                raise OSError("已掐断")
            # 应答带 Connection: close 时 http.client 会丢开它的引用, 掐断要靠这一个
            self._socket = self._connection.sock
            self._socket.settimeout(STALL_S)
        given = {"User-Agent": f"sluice-python/{__version__}", "Accept-Encoding": "identity"}
        self._connection.request("GET", self._target, headers={**given, **(headers or {})})
        return self._connection.getresponse()

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
        self._connection.close()


def get_small(request: HttpRequest, most: int) -> tuple[int, bytes]:
    """状态码与至多 most 字节的内容; 更长的抛 OSError。"""
    try:
        response = request.get()
        body = response.read(most + 1)
        if len(body) > most:
            raise OSError(f"应答超过 {most} 字节")
        return response.status, body
    finally:
        request.close()
