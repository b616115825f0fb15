"""连得上却没有进展: 服务器收下了一切, 什么也不确认, 或一再断开。长的断线不算, 那归 OfflineWatch 管。"""

from __future__ import annotations

import time

# 比它短的断线照样计时: 一加入就被断开的, 断线加起来才是大半 (秒)
SHORT_OUTAGE_S = 5.0


class StallWatch:
    """ticking <--resume / pause--> paused; 只有 progressed 让它从头算, 重新加入不算进展。"""

    def __init__(self, limit_s: float | None) -> None:
        self.limit_s = limit_s
        self._since_s = time.monotonic()
        self._paused_s: float | None = None

    def progressed(self) -> None:
        """有了结果或进展, 或开始等下一个。"""
        self._since_s = time.monotonic()
        if self._paused_s is not None:
            self._paused_s = self._since_s

    def pause(self) -> None:
        if self._paused_s is None:
            self._paused_s = time.monotonic()

    def resume(self) -> None:
        if self._paused_s is None:
            return
        outage_s = time.monotonic() - self._paused_s
        self._paused_s = None
        if outage_s > SHORT_OUTAGE_S:
            self._since_s += outage_s

    def seconds_left(self) -> float | None:
        """还可以等多久 (秒), 至少是 0; None 则现在没有期限。"""
        if self.limit_s is None or self._paused_s is not None:
            return None
        return max(0.0, self.limit_s - (time.monotonic() - self._since_s))
