"""两种连接 (聊天, 传输) 共同的选项。"""

from __future__ import annotations

import inspect
from typing import Any

from websockets.asyncio.client import connect

# 15 起默认走系统代理; 13 没有这个参数, 也不走
_HAS_PROXY = "proxy" in inspect.signature(connect.__init__).parameters


def connect_options() -> dict[str, Any]:
    """不压缩 (服务器也关着), 不走代理: 多在局域网里用。"""
    options: dict[str, Any] = {"compression": None}
    if _HAS_PROXY:
        options["proxy"] = None
    return options
