"""客户端的核心: 会话, 发文字与传输装配在一起, 在一个 asyncio 循环里; 窗口与命令行共用。"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Awaitable, Callable, Sequence

from .model.events import Event
from .protocol.address import ServerAddress
from .protocol.messages import FileMessage


@dataclass(frozen=True)
class ClientOptions:
    """folder: 续传记录放在哪里; None 则不留 (测试与一次性的命令)。"""

    address: ServerAddress
    name: str
    folder: Path | None


class Client:
    """方法只能在循环的线程里调用; 窗口经 NetworkThread 转交。事件经 emit 送出。"""

    def __init__(
        self,
        options: ClientOptions,
        emit: Callable[[Event], None],
        room: Callable[[], Awaitable[None]],
    ) -> None:
        raise NotImplementedError

    async def run(self) -> None:
        """连接, 断了重连, 直到取消; 取消时关闭连接, 停下传输 (可续传的留着记录), 1 秒内返回。"""

    # ---- 聊天 ----

    def send_text(self, client_id: str, message: str) -> None:
        """断线时留着, 回来再发。结果经 OutboxChanged。"""

    def retry_text(self, client_id: str) -> None:
        """failed 的再发一次。"""

    def discard_text(self, client_id: str) -> None:
        """failed 的不要了。"""

    def load_older(self, before: int) -> None:
        """before 这个 seq 之前的一页; 应答是 OlderLoaded。"""

    def load_more_files(self, before: int | None) -> None:
        """before 之前的一页文件; None 是最近的。应答是 FilesLoaded。"""

    def rename(self, name: str) -> None:
        """NameRefused 之后换一个名字再加入。"""

    def reconnect(self) -> None:
        """等待重连或 stopped 时立即再连。"""

    # ---- 传输 ----

    def send_files(self, paths: Sequence[Path]) -> None:
        """排队发送; 每个文件一个 TransferChanged。"""

    def save_file(self, file: FileMessage, target: Path) -> None:
        """下载到 target (已存在则覆盖; 半成品在旁边的 .part 里)。"""

    def pause(self, transfer_id: str) -> None: ...

    def resume(self, transfer_id: str) -> None:
        """paused 的继续, failed 的重试。"""

    def cancel(self, transfer_id: str) -> None:
        """从列表去掉; 服务器与磁盘上的半成品都删。"""

    def clear_finished(self) -> None: ...

    def want_thumbnail(self, file: FileMessage) -> None:
        """取缩略图; 结果是 ThumbnailReady, 取不到时 image 为 None。"""
