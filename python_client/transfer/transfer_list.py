"""一个方向的传输列表: 各项最新的快照, 变化经 emit 送出; 进度限速, 列表有上限。"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Callable

from ..model.events import Event, TransferChanged, TransferRemoved
from ..model.transfers import DONE, FAILED, MAX_DONE, MAX_TRANSFERS, Transfer, TransferError
from .speed import Speed

# 每项进度的最小间隔 (秒): 每秒至多 5 次
REPORT_S = 0.2


class TransferList:
    """只在循环的线程里使用。最后一个空位留给 "列表已满" 的说明。"""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._transfers: dict[str, Transfer] = {}
        self._speeds: dict[str, Speed] = {}
        self._reported_s: dict[str, float] = {}
        # "列表已满" 的那一行, 至多一个
        self._overflow_id: str | None = None

    def get(self, transfer_id: str) -> Transfer | None:
        return self._transfers.get(transfer_id)

    @property
    def is_full(self) -> bool:
        return len(self._transfers) - (self._overflow_id is not None) >= MAX_TRANSFERS - 1

    def add(self, transfer: Transfer) -> None:
        """调用者先看 is_full。"""
        self._transfers[transfer.id] = transfer
        self._emit(TransferChanged(transfer))

    def add_overflow(self, transfer: Transfer, left: int) -> None:
        """装不下的 left 项合成一行失败的说明, 替换以前的那一行。"""
        if self._overflow_id is not None:
            self.remove(self._overflow_id)
        self._overflow_id = transfer.id
        error = TransferError("too_many", f"列表已满, 还有 {left} 个文件没有加入; 请先清除完成的")
        self.add(replace(transfer, state=FAILED, error=error))

    def become(self, transfer_id: str, state: str, **changes: Any) -> None:
        """状态变了: 立即送出。error 不给就清掉旧的。"""
        known = self._transfers.get(transfer_id)
        if known is None:
            return
        self._speeds.pop(transfer_id, None)
        self._reported_s.pop(transfer_id, None)
        fields: dict[str, Any] = {"error": None, **changes}
        self._put(replace(known, state=state, bytes_per_second=0.0, **fields))
        if state == DONE:
            self._drop_old_done()

    def update(self, transfer_id: str, **changes: Any) -> None:
        """状态不变, 只改几项事实; 立即送出。"""
        known = self._transfers.get(transfer_id)
        if known is not None:
            self._put(replace(known, **changes))

    def progress(self, transfer_id: str, moved: int) -> None:
        """进度: 太密的不送 (速度照记)。"""
        known = self._transfers.get(transfer_id)
        if known is None:
            return
        now_s = time.monotonic()
        if now_s - self._reported_s.get(transfer_id, 0.0) < REPORT_S:
            return
        self._reported_s[transfer_id] = now_s
        speed = self._speeds.setdefault(transfer_id, Speed())
        speed.record(now_s, moved)
        self._put(replace(known, moved=moved, bytes_per_second=speed.bytes_per_second))

    def remove(self, transfer_id: str) -> None:
        if self._transfers.pop(transfer_id, None) is None:
            return
        self._speeds.pop(transfer_id, None)
        self._reported_s.pop(transfer_id, None)
        if transfer_id == self._overflow_id:
            self._overflow_id = None
        self._emit(TransferRemoved(transfer_id))

    def clear_finished(self) -> None:
        """去掉完成的。"""
        for transfer in [each for each in self._transfers.values() if each.state == DONE]:
            self.remove(transfer.id)

    def _put(self, transfer: Transfer) -> None:
        if transfer == self._transfers[transfer.id]:
            return
        self._transfers[transfer.id] = transfer
        self._emit(TransferChanged(transfer))

    def _drop_old_done(self) -> None:
        done = [each.id for each in self._transfers.values() if each.state == DONE]
        for transfer_id in done[:-MAX_DONE]:
            self.remove(transfer_id)
