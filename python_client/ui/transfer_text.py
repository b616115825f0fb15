"""传输的一项写成字: 状态, 进度, 速度, 还剩多久; 一条总的。纯函数。"""

from __future__ import annotations

from typing import Sequence

from ..model import transfers
from ..model.human_text import format_bytes, format_duration, format_percent, safe_name
from ..model.transfers import Transfer

_WORDS = {
    transfers.QUEUED: "排队中",
    transfers.CHECKING: "核对中",
    transfers.WAITING: "等待连接",
    transfers.VERIFYING: "校验中",
    transfers.PAUSED: "已暂停",
}


def state_text(transfer: Transfer) -> str:
    """发送中, 12.3 MB / 2.5 GB, 8.5 MB/s, 还剩 3 分 20 秒。"""
    if transfer.state == transfers.FAILED:
        reason = "" if transfer.error is None else safe_name(transfer.error.message)
        return f"失败: {reason or '原因不明'}"
    if transfer.state == transfers.WAITING and transfer.error is not None:
        # 服务器忙, 或嫌太频繁: 不是断了线
        return f"稍后自动继续: {safe_name(transfer.error.message)}"
    upwards = transfer.direction == transfers.UP
    if transfer.instant:
        return f"秒传 (服务器已有同样的内容), {format_bytes(transfer.size)}"
    if transfer.state == transfers.DONE:
        return f"{'已发送' if upwards else '已保存'}, {format_bytes(transfer.size)}"
    if transfer.state != transfers.MOVING:
        return f"{_WORDS.get(transfer.state, transfer.state)}, {_amount(transfer)}"
    parts = ["发送中" if upwards else "下载中", _amount(transfer)]
    if transfer.bytes_per_second > 0:
        parts.append(f"{format_bytes(transfer.bytes_per_second)}/s")
    left = transfer.seconds_left()
    if left is not None:
        parts.append(f"还剩 {format_duration(left)}")
    return ", ".join(parts)


def renamed_text(transfer: Transfer) -> str:
    """服务器改了名字才有, 否则为空。"""
    if not transfer.renamed_from:
        return ""
    return f"文件名已改为此名, 原名 {safe_name(transfer.renamed_from)}"


def percent_of(transfer: Transfer) -> int:
    if transfer.state == transfers.DONE:
        return 100
    # 最后的字节到了还要校验: 没有完成不说 100
    return min(99, format_percent(transfer.moved, transfer.size))


def summary_text(items: Sequence[Transfer]) -> str:
    """2 个正在传输, 498 个排队, 共 1.2 MB, 3 %。"""
    going = [item for item in items if item.is_active]
    failed = sum(item.state == transfers.FAILED for item in items)
    if not going:
        return f"{len(items)} 个文件" + (f", {failed} 个失败" if failed else "")
    queued = sum(item.state == transfers.QUEUED for item in going)
    total = sum(item.size for item in going)
    moved = sum(item.moved for item in going if item.state != transfers.CHECKING)
    parts = [f"{len(going) - queued} 个正在传输" if len(going) > queued else ""]
    parts.append(f"{queued} 个排队" if queued else "")
    parts.append(f"{failed} 个失败" if failed else "")
    parts.append(f"共 {format_bytes(total)}, {min(99, format_percent(moved, total))} %")
    return ", ".join(part for part in parts if part)


def _amount(transfer: Transfer) -> str:
    if transfer.moved <= 0:
        return format_bytes(transfer.size)
    return f"{format_bytes(transfer.moved)} / {format_bytes(transfer.size)}"
