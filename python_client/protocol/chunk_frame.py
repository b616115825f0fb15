"""二进制分片帧 (PROTOCOL.md 6.3): 0x01 | uploadId 16 字节 | offset 8 字节大端 | 数据。"""

from __future__ import annotations

import struct
import uuid

CHUNK_HEADER_BYTES = 25
# 分片解码后的硬上限, 字节
MAX_CHUNK_BYTES = 1024 * 1024

_HEADER = struct.Struct(">B16sQ")
_CHUNK_KIND = 0x01
# JavaScript 的安全整数: 服务器只收它以内的 offset
_MAX_OFFSET = 2**53 - 1


def encode_chunk_header(upload_id: str, offset: int) -> bytes:
    """帧头, 25 字节, 数据接在后面。uploadId 不是 UUID 或 offset 越界抛 ValueError。"""
    if not 0 <= offset <= _MAX_OFFSET:
        raise ValueError(f"offset 越界: {offset}")
    return _HEADER.pack(_CHUNK_KIND, uuid.UUID(upload_id).bytes, offset)
