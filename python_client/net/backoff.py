"""重连的等待: 指数退避加抖动, 由关闭码决定从哪里起; 同网页的 net/backoff.ts。"""

from __future__ import annotations

import random as _random

from ..protocol.errors import retry_policy

_BASE_S = 0.5
_MAX_S = 30.0
# 关闭码说 "30 秒后" 的 (flooding)
_LATER_S = 30.0


def retry_delay_s(code: int, attempt: int, random: float | None = None) -> float | None:
    """等多久再连, 秒; 不该自己重连时为 None。attempt 从 0 起, 是连续失败的次数。"""
    policy = retry_policy(code)
    if policy == "never":
        return None
    return _jitter(_LATER_S, random) if policy == "later" else backoff_s(attempt, random)


def backoff_s(attempt: int, random: float | None = None) -> float:
    """第 attempt 次 (从 0 起) 再试之前等多久, 秒: 翻倍到 30 秒, 带抖动。"""
    # 2 的幂封顶: attempt 很大时不溢出
    return _jitter(min(_MAX_S, _BASE_S * 2.0 ** min(attempt, 10)), random)


def _jitter(seconds: float, random: float | None) -> float:
    # 一半到全部: 服务器重启后上千个客户端不会同时回来, 也不会有人等得太短
    return seconds / 2 + (seconds / 2) * (_random.random() if random is None else random)
