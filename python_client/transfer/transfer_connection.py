"""传输连接: 只走文件字节, 不排在聊天前面 (协议第 1 节)。"""

from __future__ import annotations

from websockets.asyncio.client import connect

from ..net.websocket_options import connect_options

# 应答都很小
_MAX_REPLY_BYTES = 64 * 1024


def open_transfer(url: str) -> connect:
    """可以 await, 也可以用作 async 上下文; url 带着会话的令牌。"""
    return connect(url, max_size=_MAX_REPLY_BYTES, **connect_options())
