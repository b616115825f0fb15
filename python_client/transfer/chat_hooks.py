"""聊天会话与两个方向的传输之间: 上下线告诉谁, 应答归谁。"""

from __future__ import annotations

from ..protocol.messages import Ack, FileMessage, ServerError
from .downloads import Downloads
from .uploads import Uploads


class ChatHooks:
    """实现会话的 TransferHooks。"""

    def __init__(self, uploads: Uploads, downloads: Downloads) -> None:
        self._uploads = uploads
        self._downloads = downloads

    def online(self) -> None:
        self._uploads.online()
        self._downloads.online()

    def offline(self) -> None:
        # 下载走 HTTP, 由它自己发现断线
        self._uploads.offline()

    def handle_ack(self, ack: Ack) -> bool:
        return self._uploads.handle_ack(ack)

    def handle_error(self, error: ServerError) -> bool:
        return self._uploads.handle_error(error)

    def saw_file(self, file: FileMessage) -> None:
        self._uploads.saw_file(file)
        self._downloads.saw_file(file)
