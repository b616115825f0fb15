"""在线却没有进展: 服务器收下了一切, 什么也不确认。离线的时间不算, 那归 OfflineWatch 管。"""

from __future__ import annotations

import time


class StallWatch:
    """ticking <--resume / pause--> paused; 只有 progressed 让它从头算。重新加入不算进展: 反复重连也可能什么都没有送到。"""

    def __init__(self, limit_s: float | None) -> None:
        self.limit_s = limit_s
        self._spent_s = 0.0
        self._since_s: float | None = time.monotonic()

    def progressed(self) -> None:
        """有了结果, 或开始等下一个。"""
        self._spent_s = 0.0
        if self._since_s is not None:
            self._since_s = time.monotonic()

    def resume(self) -> None:
        if self._since_s is None:
            self._since_s = time.monotonic()

    def pause(self) -> None:
        if self._since_s is not None:
            self._spent_s += time.monotonic() - self._since_s
            self._since_s = None

    def seconds_left(self) -> float | None:
        """还可以等多久 (秒), 至少是 0; None 则现在没有期限。"""
        if self.limit_s is None or self._since_s is None:
            return None
        return max(0.0, self.limit_s - self._spent_s - (time.monotonic() - self._since_s))
