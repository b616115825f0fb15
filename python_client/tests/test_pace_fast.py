"""发消息的步子: 用得满服务器的令牌桶而不被拒; 时钟是假的。"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ..net.pace import FILES, TALK, Pace
from .sample import LIMITS

# 同服务器的 src/chat/rate-limit.ts: 突发是两秒的量
_BURST_S = 2


class Bucket:
    """服务器的桶, 与推得动的时钟。"""

    def __init__(self, rate: int) -> None:
        self.now_s = 0.0
        self.accepted = self.refused = 0
        self._rate = rate
        self._full_at_s = 0.0

    def window(self) -> Pace:
        pace = Pace(lambda: self.now_s)
        pace.learn(replace(LIMITS, messages_per_second=self._rate, messages_burst=self._rate * _BURST_S))
        return pace

    def offer(self, pace: Pace, use: str, late_s: float = 0.0) -> bool:
        """轮到了就发一条, 晚 late_s 才到; 返回发了没有。"""
        if pace.wait_s(use) > 0:
            return False
        pace.spent()
        arrived_s = self.now_s + late_s
        full_at_s = max(self._full_at_s, arrived_s) + 1 / self._rate
        if full_at_s - arrived_s > _BURST_S + 1e-6:
            self.refused += 1
            pace.refused(use)
        else:
            self._full_at_s = full_at_s
            self.accepted += 1
        return True


@pytest.mark.parametrize("use", [TALK, FILES])
@pytest.mark.parametrize("rate", [1, 5, 20, 200])
def test_用得满_一条也不被拒_抖动也不怕(rate: int, use: str) -> None:
    bucket = Bucket(rate)
    pace = bucket.window()
    for ms in range(60_000):
        bucket.now_s = ms / 1000
        # 每 200 毫秒的都在那一刻才到
        while bucket.offer(pace, use, (200 - ms % 200) / 1000):
            pass
    assert bucket.refused == 0
    assert bucket.accepted >= 60 * rate


def test_一直在传文件_忽然说的几句不必等也不被拒() -> None:
    bucket = Bucket(20)
    pace = bucket.window()
    for ms in range(60_000):
        bucket.now_s = ms / 1000
        if ms % 10_000 == 9_999:
            assert all(bucket.offer(pace, TALK) for _ in range(3))
        bucket.offer(pace, FILES)
    assert bucket.refused == 0


def test_两个窗口共用一个会话_都在走_被拒的不多() -> None:
    bucket = Bucket(20)
    windows = [bucket.window(), bucket.window()]
    sent = [0, 0]
    for ms in range(120_000):
        bucket.now_s = ms / 1000
        for index, pace in enumerate(windows):
            # 路上的快慢不一 (伪随机, 至多 40 毫秒)
            sent[index] += bucket.offer(pace, FILES, (ms + index) * 7919 % 41 / 1000)
    assert bucket.accepted > 0.8 * 20 * 120
    assert bucket.refused < 0.2 * bucket.accepted
    assert min(sent) > 600


def test_不限的从不等_没有说速率的照从前() -> None:
    free = Pace(lambda: 0.0)
    free.learn(replace(LIMITS, messages_per_second=0, messages_burst=0))
    for _ in range(1000):
        assert free.wait_s(FILES) == 0
        free.spent()
    now_s = [0.0]
    old = Pace(lambda: now_s[0])
    old.learn(LIMITS)
    assert (old.wait_s(FILES), old.wait_s(TALK)) == (0, 0)
    old.spent()
    assert old.wait_s(FILES) == pytest.approx(0.1)
    assert old.wait_s(TALK) == 0
    assert old.refused(TALK) == 1.0
    now_s[0] = 0.3
    assert old.wait_s(FILES) == 0
