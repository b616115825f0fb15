"""测试用的真文件。"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from .server import SluiceServer

MIB = 1024 * 1024


def random_bytes(size: int) -> bytes:
    """随机内容; 首字节固定, 不会碰巧以 MZ 或 #! 开头而被服务器拒绝。"""
    return (b"\0" + os.urandom(size))[:size]


def make_file(folder: Path, name: str, size: int) -> Path:
    """随机内容: 错位的块一定看得出。"""
    path = folder / name
    path.write_bytes(random_bytes(size))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stored(server: SluiceServer) -> list[str]:
    """服务器上已发布的文件内容的 SHA-256。"""
    return [sha256(path) for path in server.published() if path.suffix != ".json"]


def empty(server: SluiceServer) -> None:
    """共用的服务器在测试之间: 去掉已发布的与未完成的。"""
    for path in server.published() + server.partials():
        path.unlink()
