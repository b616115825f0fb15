"""重连的等待: 指数退避加抖动, 由关闭码决定从哪里起; 同 web/src/net/backoff.ts。"""

from __future__ import annotations

import random

from ..protocol.errors import retry_policy

BASE_S = 0.5
MAX_S = 30.0
# 关闭码说 "30 秒后" 的 (flooding)
LATER_S = 30.0


def retry_delay_s(code: int, attempt: int) -> float | None:
    """等多久再连, 秒; 不该自己重连的为 None。attempt 从 0 起, 是连续失败的次数。"""
    policy = retry_policy(code)
    if policy == "never":
        return None
    return _jitter(LATER_S) if policy == "later" else backoff_s(attempt)


def backoff_s(attempt: int) -> float:
    """第 attempt 次 (从 0 起) 再试之前等多久, 秒: 翻倍到 30 秒, 带抖动。"""
    # 2 的幂封顶: attempt 很大时不溢出
    return _jitter(min(MAX_S, BASE_S * 2 ** min(attempt, 10)))


def _jitter(seconds: float) -> float:
    # 一半到全部: 服务器重启后上千个客户端不会同时回来, 也不会有人等得太短
    return seconds / 2 + seconds / 2 * random.random()
