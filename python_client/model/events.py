"""网络线程 -> 界面 (或命令行) 的事件: 全部不可变, 这是两个线程之间唯一往外走的东西。"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from ..protocol.messages import CloseReason, FileOffer, RoomMessage
from .connection import ConnectionState, Identity
from .transfers import Transfer

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class ConnectionChanged:
    """连接的状态变了。"""

    state: ConnectionState


@dataclass(frozen=True)
class Joined:
    """加入 (或重新加入) 成功。history_lost: 服务器换了 epoch, 旧的 seq 作废, 记录在这里断开。"""

    identity: Identity
    users: tuple[str, ...]
    online: int
    history_lost: bool = False
    # 服务器上次主动切断我们的原因
    last_close: CloseReason | None = None


@dataclass(frozen=True)
class NameRefused:
    """名字被拒: 连接停着, 等 rename()。suggestion 是没有人用的相近的名字。"""

    code: str
    message: str
    name: str
    suggestion: str = ""


@dataclass(frozen=True)
class MessageArrived:
    """一条聊天消息; 同一个 (epoch, seq) 只会来一次, 按 seq 上升。

    live: 加入之后才有的; 否则是加入或重连时补来的。own_id: 是自己发出的, 即 OutboxChanged 的 client_id。
    """

    message: RoomMessage
    live: bool
    own_id: str = ""


@dataclass(frozen=True)
class OlderLoaded:
    """load_older 的应答: 更早的一页, 旧的在前; 失败时 messages 为空而 more 不变。"""

    messages: tuple[RoomMessage, ...]
    more: bool


@dataclass(frozen=True)
class FilesLoaded:
    """load_more_files 的应答: 更早的文件, 旧的在前; total 是服务器上一共几个, 失败或旧的服务器没有。"""

    messages: tuple[RoomMessage, ...]
    more: bool
    total: int | None = None


@dataclass(frozen=True)
class Searched:
    """search 的应答, number 是问的时候给的: 一页结果, 新的在前。error 不为空时没有取到, 是给用户看的一行。"""

    number: int
    messages: tuple[RoomMessage, ...] = ()
    more: bool = False
    error: str = ""


@dataclass(frozen=True)
class ContextLoaded:
    """load_context 的应答: 某一处之前 (或之后) 的一页, 旧的在前; more 是沿同一方向还有。"""

    number: int
    messages: tuple[RoomMessage, ...] = ()
    more: bool = False
    is_newer: bool = False
    error: str = ""


@dataclass(frozen=True)
class OffersChanged:
    """别人正在上传, 已经可以下载的全部文件 (自己的不算), 先开始的在前。"""

    offers: tuple[FileOffer, ...]


@dataclass(frozen=True)
class HistoryGap:
    """离开太久, 中间有一段补不齐了。"""


@dataclass(frozen=True)
class HasOlder:
    """第一页历史到了: 服务器那里有没有更早的。"""

    more: bool


@dataclass(frozen=True)
class PresenceChanged:
    """有人进出; online 为 None 时由名单自己推算。"""

    joined: tuple[str, ...]
    left: tuple[str, ...]
    online: int | None = None


# OutboxChanged.state
SENDING = "sending"
WAITING_SERVER = "waiting"
SENT = "sent"
SEND_FAILED = "failed"


@dataclass(frozen=True)
class OutboxChanged:
    """自己写的一条文字: sending 尚无应答 (断线也留着, 会重发); waiting 服务器此刻收不下, 会自动再发; sent 之后正式的那条以 MessageArrived 到来; failed 不再自动发。"""

    client_id: str
    message: str
    state: str
    # waiting 与 failed 时给用户看的一行
    error: str = ""


@dataclass(frozen=True)
class TransferChanged:
    """传输列表里的一项有了新的快照; 没见过的 id 就是新的一项。"""

    transfer: Transfer


@dataclass(frozen=True)
class TransferRemoved:
    """取消, 或完成后被清掉。"""

    id: str


@dataclass(frozen=True)
class ThumbnailReady:
    """缩略图取来并解码了 (在后台线程); image 是 PIL 的图, 界面线程自己变成 PhotoImage。None: 取不到。"""

    file_id: str
    image: Image | None


@dataclass(frozen=True)
class Failed:
    """与某一项无关的错误: 显示成一行。"""

    code: str
    message: str


Event = Union[
    ConnectionChanged,
    Joined,
    NameRefused,
    MessageArrived,
    OlderLoaded,
    FilesLoaded,
    Searched,
    ContextLoaded,
    OffersChanged,
    HistoryGap,
    HasOlder,
    PresenceChanged,
    OutboxChanged,
    TransferChanged,
    TransferRemoved,
    ThumbnailReady,
    Failed,
]
