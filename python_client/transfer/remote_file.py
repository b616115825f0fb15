"""要下载的文件: 已发布的知道 SHA-256, 还在上传的要等传完。"""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.messages import FileMessage, SharedFile


@dataclass(frozen=True)
class RemoteFile:
    """size 是字节; sha256 为空: 开始时还在上传。"""

    id: str
    original_name: str
    url: str
    size: int
    sha256: str

    @property
    def entity_tag(self) -> str:
        """If-Range 用的: 还在上传的以 id 代替 (PROTOCOL.md 6.6), 发布之后服务器仍认它。"""
        return f'"{self.sha256 or self.id}"'


def remote_file(file: SharedFile) -> RemoteFile:
    sha256 = file.sha256 if isinstance(file, FileMessage) else ""
    return RemoteFile(file.id, file.original_name, file.url, file.size, sha256)
