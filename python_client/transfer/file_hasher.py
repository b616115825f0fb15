"""整个文件的 SHA-256, 边读边算; 几次运行接着用同一个, 不必重读。"""

from __future__ import annotations

import hashlib
import threading


class FileHasher:
    """可以在任何线程使用: 暂停后马上继续时, 上一次运行的最后一块可能还在算。"""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hash = hashlib.sha256()
        self._position = 0

    @property
    def position(self) -> int:
        """已算过的字节数; 从不后退。"""
        return self._position

    def update(self, offset: int, data: memoryview) -> None:
        """offset 起的一段; 已算过的部分自动跳过, 所以从更早处重发也不会算两遍。"""
        with self._lock:
            # 中间缺一段会得到错的校验值, 宁可停下
            if offset > self._position:
                raise RuntimeError(f"校验缺了一段: {self._position} 到 {offset}")
            fresh = data[min(len(data), self._position - offset) :]
            self._hash.update(fresh)
            self._position += len(fresh)

    def hexdigest(self) -> str:
        """须在整个文件算完之后。"""
        with self._lock:
            return self._hash.hexdigest()
