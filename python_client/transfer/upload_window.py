"""上传的窗口: 发到哪里, 服务器确认到哪里, 还能发多少; 都是字节。"""

from __future__ import annotations

from ..protocol.chunk_frame import MAX_CHUNK_BYTES
from ..protocol.messages import FileReady


class UploadWindow:
    """acked <= next <= acked + 服务器给的窗口。"""

    def __init__(self) -> None:
        # 下一个要发的字节, 与服务器已确认的
        self.next = 0
        self.acked = 0
        self.chunk_bytes = MAX_CHUNK_BYTES
        self._window_bytes = MAX_CHUNK_BYTES

    def restart(self, ready: FileReady) -> None:
        """从服务器的偏移重新开始。"""
        # 窗口再小也要放得下一个分片, 否则永远发不出去
        self.chunk_bytes = min(ready.chunk_bytes, ready.window_bytes, MAX_CHUNK_BYTES)
        self._window_bytes = ready.window_bytes
        self.next = self.acked = ready.offset

    def acknowledge(self, offset: int) -> bool:
        """返回有没有进展。"""
        # 失步之后还会到的旧应答不能让它退回去; 超过已发的不合协议, 不理
        if not self.acked < offset <= self.next:
            return False
        self.acked = offset
        return True

    def next_length(self, size: int) -> int:
        """下一个分片的长度; size 是文件的大小。0: 窗口满了, 要等应答。"""
        length = min(self.chunk_bytes, size - self.next)
        return length if self.next + length - self.acked <= self._window_bytes else 0
