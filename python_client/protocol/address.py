"""服务器地址: 用户写的一行 -> 各个端点。"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


class InvalidAddressError(ValueError):
    """地址不对; 说明就是给用户看的一句。"""


@dataclass(frozen=True)
class ServerAddress:
    """base 形如 http://host:3000 或 https://host/chat, 没有结尾的 /。"""

    base: str

    @property
    def chat_url(self) -> str:
        # 只发得下小帧的一种连接: 大文件走分片, 用不着整帧的缓冲; 从前的服务器不看这个参数
        return f"{self._websocket_base}/ws?frames=small"

    @property
    def limits_url(self) -> str:
        return f"{self.base}/api/limits"

    @property
    def search_url(self) -> str:
        """条件在请求体里 (POST)。"""
        return f"{self.base}/api/search"

    def long_search_url(self, query: str, limit: int, before: int | None) -> str:
        """GET 的: 条件在地址里。before: 只要这个 seq 之前的。"""
        asked = {"query": query, "limit": limit, **({} if before is None else {"before": before})}
        return f"{self.search_url}?{urlencode(asked, quote_via=quote, errors='replace')}"

    def ticket_url(self, ticket: str) -> str:
        """只传文件字节的连接; 令牌不写进网址 (它会落进代理的日志)。"""
        return f"{self._websocket_base}/ws/transfer?ticket={quote(ticket, safe='')}"

    def transfer_url(self, session: str) -> str:
        """同上, 给没有票的服务器; session 是 welcome 给的令牌。"""
        return f"{self._websocket_base}/ws/transfer?session={quote(session, safe='')}"

    @property
    def _websocket_base(self) -> str:
        # http -> ws, https -> wss
        return f"ws{self.base[4:]}"


def parse_address(written: str) -> ServerAddress:
    """接受 host, host:port, http(s)://…, ws(s)://…/ws; 别的抛 InvalidAddressError。"""
    line = written.strip()
    try:
        parts = urlsplit(line if "://" in line else f"http://{line}")
        port = parts.port
    except ValueError as error:
        raise InvalidAddressError(f"服务器地址的端口或方括号不对: {written}") from error
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        raise InvalidAddressError(f"服务器地址应以 http:// 或 https:// 开头: {written}")
    if not parts.hostname or any(character.isspace() for character in line):
        raise InvalidAddressError(f"服务器地址里没有主机名: {written}")
    if parts.username is not None or parts.query or parts.fragment:
        # 不重复原文: 里面可能有密码, 而说明会进日志
        raise InvalidAddressError("服务器地址只要协议, 主机, 端口与路径, 不要用户名, ? 与 #")
    # IPv6 的方括号被 hostname 去掉了
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.rstrip("/")
    if parts.scheme in ("ws", "wss") and path.endswith("/ws"):
        path = path[: -len("/ws")]
    return ServerAddress(f"{scheme}://{host}{'' if port is None else f':{port}'}{path}")
