"""服务器忙或嫌太频繁时说的: 过多久再来 (错误附带的 retryAfterMs, 应答的 Retry-After 头)。"""

from __future__ import annotations

from typing import Mapping

# 再久也不照办: 其间服务器可能重启过, 或换了设置 (秒)
_MAX_S = 300.0


def told_s(facts: Mapping[str, object]) -> float:
    """错误附带的, 秒; 没有说, 或说得不像话的为 0。"""
    said = facts.get("retryAfterMs")
    # bool 也是 int
    if not isinstance(said, int) or isinstance(said, bool):
        return 0.0
    return _within(said / 1000)


def header_s(value: str | None) -> float:
    """Retry-After 头, 秒; 没有, 或是日期 (我们的服务器只写秒数) 的为 0。"""
    written = (value or "").strip()
    return _within(float(written)) if written.isascii() and written.isdigit() else 0.0


def _within(seconds: float) -> float:
    return min(max(0.0, seconds), _MAX_S)
