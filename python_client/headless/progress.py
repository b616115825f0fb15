"""传输的进度: 终端上一行原地更新, 否则隔几秒一行; 完成与等待各说一次。"""

from __future__ import annotations

import time

from ..model.human_text import format_bytes, format_duration, format_percent
from ..model.transfers import (
    CHECKING,
    DONE,
    FAILED,
    MOVING,
    PAUSED,
    QUEUED,
    UP,
    VERIFYING,
    WAITING,
    Transfer,
)
from .terminal import Terminal

# 不是终端时, 同一个文件两行之间至少隔这么久 (秒)
LINE_S = 5.0

_STATES = {
    QUEUED: "排队",
    CHECKING: "核对已有的部分",
    WAITING: "等待连接恢复",
    VERIFYING: "服务器正在校验",
    PAUSED: "已暂停",
}


class Progress:
    """只记正在进行的几项; 结束的一项随即忘掉。"""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._active: dict[str, Transfer] = {}
        self._started_s: dict[str, float] = {}
        self._spoken_s: dict[str, float] = {}

    def update(self, transfer: Transfer) -> None:
        if transfer.state in (DONE, FAILED):
            self._finish(transfer)
        elif transfer.state != QUEUED:
            self._active[transfer.id] = transfer
            self._started_s.setdefault(transfer.id, time.monotonic())
            self._show(transfer)

    def forget(self, transfer_id: str) -> None:
        for known in (self._active, self._started_s, self._spoken_s):
            known.pop(transfer_id, None)

    def _show(self, transfer: Transfer) -> None:
        if self._terminal.is_live:
            others = len(self._active) - 1
            more = f" (另有 {others} 个)" if others else ""
            self._terminal.live(describe(transfer) + more)
            return
        now_s = time.monotonic()
        # 第一行也要等: 很快传完的只说结果
        since_s = self._spoken_s.get(transfer.id, self._started_s[transfer.id])
        if now_s - since_s >= LINE_S:
            self._spoken_s[transfer.id] = now_s
            self._terminal.line(describe(transfer))

    def _finish(self, transfer: Transfer) -> None:
        started_s = self._started_s.get(transfer.id)
        self.forget(transfer.id)
        upward = transfer.direction == UP
        if transfer.state == FAILED:
            reason = "原因不明" if transfer.error is None else transfer.error.message
            self._terminal.line(f"{'没有发出' if upward else '没有存成'} {transfer.name}: {reason}")
            return
        took_s = 0.0 if started_s is None else time.monotonic() - started_s
        took = f", 用时 {format_duration(took_s)}" if took_s >= 1 else ""
        done = ("秒传" if transfer.instant else "已发送") if upward else "已保存"
        renamed = f", 文件名已改为此名, 原名 {transfer.renamed_from}" if transfer.renamed_from else ""
        self._terminal.line(f"{done} {transfer.name} ({format_bytes(transfer.size)}{took}){renamed}")


def describe(transfer: Transfer) -> str:
    """电影.mkv 12% 3.2 MB / 25 MB 8.5 MB/s 还剩 3 秒"""
    amount = f"{format_bytes(transfer.moved)} / {format_bytes(transfer.size)}"
    words = [transfer.name, f"{format_percent(transfer.moved, transfer.size)}%", amount]
    if transfer.state != MOVING:
        words.append(_STATES.get(transfer.state, transfer.state))
    elif transfer.bytes_per_second > 0:
        words.append(f"{format_bytes(transfer.bytes_per_second)}/s")
        seconds = transfer.seconds_left()
        if seconds is not None:
            words.append(f"还剩 {format_duration(seconds)}")
    return " ".join(words)
