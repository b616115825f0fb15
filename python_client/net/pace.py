"""发消息的步子: 把服务器的令牌桶 (limits 的 messagesPerSecond 与 messagesBurst) 在这边先数一遍, 用得满又不被拒。"""

from __future__ import annotations

import time
from typing import Callable

from ..protocol.messages import Limits

# 用途: 文字可以用到桶快空; 文件给文字, 历史与别的窗口留一些
TALK = "talk"
FILES = "files"
# 各留下桶的几分之一不用: 路上的抖动会把隔开的几条挤到一起
_KEPT = {TALK: 1 / 8, FILES: 1 / 4}
# 没有说速率的服务器: 文件每秒至多 10 帧 (缺省每秒 20 条), 文字照发, 被拒了等一秒 (秒)
_UNKNOWN_GAP_S = 0.1
_UNKNOWN_PAUSE_S = 1.0
# 被拒说明同一会话的别的窗口也在发: 减半, 此后每发一条多要一点, 至少要八分之一
_LEAST_SHARE = 1 / 8
_SHARE_STEP = 0.02


class Pace:
    """一个会话一个; now: 单调时钟, 秒。不用定时器, 由发的一方等。"""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._is_known = False
        # 每条占多少秒; 0 是不限
        self._interval_s = _UNKNOWN_GAP_S
        # 满的桶装多少秒
        self._capacity_s = _UNKNOWN_GAP_S
        # 桶再满的时刻
        self._full_at_s = 0.0
        # 服务器给这个会话的, 自己用几成
        self._share = 1.0

    def learn(self, limits: Limits) -> None:
        """每次 welcome; 数到一半的接着数, 会话没有换, 服务器的桶也没有。"""
        rate, burst = limits.messages_per_second, limits.messages_burst
        self._is_known = rate is not None and burst is not None
        if rate is None or burst is None:
            self._interval_s = self._capacity_s = _UNKNOWN_GAP_S
        else:
            self._interval_s = 1 / rate if rate else 0.0
            self._capacity_s = burst * self._interval_s

    def wait_s(self, use: str, count: int = 1) -> float:
        """还要等多久, 秒; 0 是现在就发 count 条。"""
        if not self._is_known and use == TALK:
            return 0.0
        kept = _KEPT[use] if self._is_known else 0.0
        # 桶再小, 满的时候总可以发
        wanted_s = count * self._interval_s
        room_s = max(wanted_s, self._capacity_s * (1 - kept))
        return max(0.0, self._debt_s + wanted_s - room_s)

    def spent(self, count: int = 1) -> None:
        """发出了几条。"""
        self._full_at_s = self._now() + self._debt_s + count * self._interval_s / self._share
        self._share = min(1.0, self._share + count * _SHARE_STEP)

    def refused(self, use: str) -> float:
        """得到了 rate_limited: 服务器的桶是空的。返回再过多久可以试, 秒。"""
        self._share = max(_LEAST_SHARE, self._share / 2)
        self._full_at_s = max(self._full_at_s, self._now() + self._capacity_s)
        return self.wait_s(use) if self._is_known else _UNKNOWN_PAUSE_S

    @property
    def _debt_s(self) -> float:
        return max(0.0, self._full_at_s - self._now())
