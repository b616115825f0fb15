"""连接的状态: 网络线程写, 界面读。

connecting --open--> joining --welcome--> online
   ^                    |  断开             | 断开
   +--时间到-- waiting <--------------------+
   +--用户点重连-- stopped  (关闭码说不要自己重连)
"""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.messages import CloseReason, Limits

CONNECTING = "connecting"
JOINING = "joining"
ONLINE = "online"
WAITING = "waiting"
STOPPED = "stopped"


@dataclass(frozen=True)
class ConnectionState:
    """phase 是上面五个之一; retry_at 是 Unix 秒, 只在 waiting 时有; reason 在 waiting 与 stopped 时有 (名字被拒而停的没有)。"""

    phase: str
    retry_at: float | None = None
    reason: CloseReason | None = None


@dataclass(frozen=True)
class Identity:
    """welcome 告诉我们的; 断线期间仍是最近一次的。"""

    name: str
    session: str
    limits: Limits
    features: frozenset[str]
