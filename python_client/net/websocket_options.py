"""两种连接 (聊天与传输) 共用的 websockets 选项。"""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

from websockets.asyncio.client import connect

from .. import __version__

# 半开的连接 (换了网络, 电脑刚醒) 至多这么久发现 (秒)
_PING_INTERVAL_S = 20
_PING_TIMEOUT_S = 60
# 关闭握手等这么久就直接断开 (秒)
_CLOSE_TIMEOUT_S = 1


def connect_options() -> dict[str, Any]:
    """每次一个新的 dict, 调用者可以再加。"""
    options: dict[str, Any] = {
        # 服务器不压缩; 文件多半也压不动
        "compression": None,
        "user_agent_header": f"sluice-python/{__version__}",
        "ping_interval": _PING_INTERVAL_S,
        "ping_timeout": _PING_TIMEOUT_S,
        "close_timeout": _CLOSE_TIMEOUT_S,
    }
    if _knows_proxy():
        # 15 起缺省取环境变量里的代理; 自己架的服务器多在内网, 经代理反而连不上
        options["proxy"] = None
    return options


@lru_cache(maxsize=1)
def _knows_proxy() -> bool:
    return "proxy" in inspect.signature(connect.__init__).parameters
