"""一项传输有没有进展: 断了再传同一段不算, 不然一直断的传输永远等不完。"""

from __future__ import annotations

# 退回之后重新走的也算进展, 至多这么多次: 服务器丢了半成品, 真的要从头再来
MAX_REWINDS = 3


class Advance:
    """一项传输一个。"""

    def __init__(self) -> None:
        self._last = 0
        # 超过它才是进展
        self._reached = 0
        self._rewinds = 0

    def rises(self, moved: int) -> bool:
        """moved: 现在到了多少字节; 返回是不是进展。"""
        if moved < self._last:
            self._rewinds += 1
            if self._rewinds <= MAX_REWINDS:
                self._reached = moved
        self._last = moved
        if moved <= self._reached:
            return False
        self._reached = moved
        return True
