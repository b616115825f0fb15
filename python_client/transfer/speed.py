"""平滑的速度: 最近约 3 秒的平均, 不因一次停顿跳到 0, 也不被很久以前的快慢拖住。"""

from __future__ import annotations

from collections import deque

_SPAN_S = 3.0
# 每秒 5 个样本时 3 秒是 15 个; 更密的只留最近的
_MAX_SAMPLES = 32
# 样本跨不到这么久时不报: 开头的一两个样本算出来的数没有意义
_MIN_SPAN_S = 0.4


class Speed:
    """record 给累计的字节数; 时刻须单调。"""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=_MAX_SAMPLES)

    def record(self, time_s: float, total: int) -> None:
        """记下此刻的累计字节数。"""
        if self._samples and total < self._samples[-1][1]:
            # 退回去了 (从头再来): 旧样本作废
            self._samples.clear()
        self._samples.append((time_s, total))
        while time_s - self._samples[0][0] > _SPAN_S:
            self._samples.popleft()

    @property
    def bytes_per_second(self) -> float:
        """0 = 还不知道, 或停住了。"""
        if not self._samples:
            return 0.0
        (first_s, first), (last_s, last) = self._samples[0], self._samples[-1]
        span_s = last_s - first_s
        return 0.0 if span_s < _MIN_SPAN_S else (last - first) / span_s

    def reset(self) -> None:
        self._samples.clear()
