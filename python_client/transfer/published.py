"""服务器说它发布了什么: 与自己算的一致才算送到。"""

from __future__ import annotations

from ..protocol.messages import FileMessage
from .http_request import BadUrlError, split_url


def find_mismatch(file: FileMessage, size: int, sha256: str) -> tuple[str, str] | None:
    """错误码与说明; None: 一致。"""
    if (file.size, file.sha256) != (size, sha256):
        return "checksum_mismatch", "服务器收到的内容与发送的不符"
    try:
        split_url(file.url)
    except BadUrlError:
        return "bad_reply", "服务器给的文件链接不对"
    return None
