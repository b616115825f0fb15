"""一个字节都还没动时的判断: 收不收, 走单帧还是分片; 规则同网页的 admission.ts, 服务器还会再查一遍。"""

from __future__ import annotations

from dataclasses import dataclass

from ..model.file_names import disguised_extension
from ..protocol.messages import Limits

# 不超过它的走聊天连接上的一帧, 字节: 一次往返就完成, 又不至于挡住聊天
SMALL_FILE_BYTES = 256 * 1024


@dataclass(frozen=True)
class UploadLimits:
    """blocked_extensions 小写, 不带点; 服务器没有 /api/limits 时为空。"""

    limits: Limits
    blocked_extensions: frozenset[str]


def refusal(name: str, size: int, allowed: UploadLimits) -> tuple[str, str] | None:
    """不收的理由: 错误码与一句说明; 收则 None。"""
    limit = allowed.limits.file_bytes
    if size > limit:
        return "file_too_large", f"文件超过服务器的上限 {_readable_bytes(limit)}"
    extension = disguised_extension(name)
    if extension in allowed.blocked_extensions:
        return "file_type_forbidden", f"服务器不收 .{extension} 文件"
    return None


def fits_one_frame(size: int, limits: Limits) -> bool:
    """Base64 多出三分之一, 信封另算: 按 3/4 留。"""
    return size <= min(SMALL_FILE_BYTES, limits.frame_bytes * 3 // 4)


def _readable_bytes(count: int) -> str:
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if count >= size:
            return f"{count / size:.1f}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{count} 字节"
