"""send, recv 与 search 的选项, 以及退出码。"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# 退出码; 写在 --help 里, 脚本会依赖它们
OK = 0
# 有文件或消息没有送到 (或没有存好)
FAILED = 1
# 参数或环境不对: 还没有连接, 什么都没有发
USAGE = 2
UNREACHABLE = 3
NAME_REFUSED = 4


def interrupted(signal_number: int) -> int:
    """被信号结束的退出码, 同 shell 的惯例: Ctrl+C 是 130, SIGTERM 是 143。"""
    return 128 + signal_number


@dataclass(frozen=True)
class Patience:
    """等连接的期限, 秒。connect: 第一次加入; offline: 之后连续多久没有连接, None 则一直等。"""

    connect: float = 15.0
    offline: float | None = None


@dataclass(frozen=True)
class SendOptions:
    """files 与 message 至少有一样。"""

    files: tuple[Path, ...]
    message: str | None
    patience: Patience


@dataclass(frozen=True)
class ReceiveOptions:
    """folder: 存文件的地方, None 则不存。count 与 idle (秒) 是结束的条件, None 则没有。"""

    folder: Path | None
    count: int | None
    idle: float | None
    history: bool
    presence: bool
    patience: Patience


@dataclass(frozen=True)
class SearchOptions:
    """limit: 至多几条; before: 只要这个 seq 之前的。"""

    query: str
    limit: int
    before: int | None
