"""服务器发来的消息; 字段与 src/protocol/messages.ts 一一对应, 只把 camelCase 换成 snake_case。"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Union

# 一次 history 至多的条数
MAX_HISTORY_LIMIT = 200
# search 没有写 limit 时的条数, 一次至多的条数, 搜索词的上限 (UTF-16 单元)
DEFAULT_SEARCH_LIMIT = 20
MAX_SEARCH_LIMIT = 100
MAX_QUERY_LENGTH = 256
# 秒传抽查的段数
CHALLENGE_RANGES = 3


@dataclass(frozen=True)
class Limits:
    """服务器的上限; 除 name_length (码点) 与两个 messages_ 外都是字节。"""

    file_bytes: int
    frame_bytes: int
    chunk_bytes: int
    window_bytes: int
    text_bytes: int
    name_length: int
    # 每个会话平均每秒的消息, 与一口气的条数; 0 是不限, None 是从前的服务器没有说
    messages_per_second: int | None = None
    messages_burst: int | None = None


@dataclass(frozen=True)
class CloseReason:
    """断开的关闭码与原因; 1006 是没有说明的网络故障。"""

    code: int
    reason: str


@dataclass(frozen=True)
class Welcome:
    """加入成功; 总是第一帧。"""

    name: str
    session: str
    users: tuple[str, ...]
    online: int
    epoch: str
    seq: int
    limits: Limits
    features: frozenset[str]
    last_close: CloseReason | None = None


@dataclass(frozen=True)
class Presence:
    """进出: 基础的 join, leave 与批量的 sync 都归成这一种; online 只有 sync 才有。"""

    joined: tuple[str, ...]
    left: tuple[str, ...]
    online: int | None = None


@dataclass(frozen=True)
class TextMessage:
    """一条文字; time_ms 是 Unix 毫秒。"""

    id: str
    seq: int
    time_ms: int
    name: str
    message: str
    # 发送者的公开标识: 同一个名字换了人就不同; 旧的记录没有
    from_tag: str | None = None


@dataclass(frozen=True)
class FileMessage:
    """一个已发布的文件; size 是字节, sha256 是小写十六进制。可缩略的图片才有后三项, 单位像素。"""

    id: str
    seq: int
    time_ms: int
    name: str
    original_name: str
    url: str
    size: int
    mime_type: str
    sha256: str
    thumb_url: str | None = None
    width: int | None = None
    height: int | None = None
    # 同 TextMessage
    from_tag: str | None = None


RoomMessage = Union[TextMessage, FileMessage]


@dataclass(frozen=True)
class Batch:
    """忙时一帧里的几条广播, 按 seq 的次序; 每一条与单独送达的一样。"""

    messages: tuple[RoomMessage, ...]
    # 不合契约而去掉的有几项
    skipped: int = 0


@dataclass(frozen=True)
class Ack:
    """带 clientId 的文字或单帧文件已排定次序。文件的有清理后的名字; 改没改, 与发送的一比就知道。"""

    client_id: str
    id: str
    seq: int
    time_ms: int
    original_name: str | None = None


@dataclass(frozen=True)
class FileReady:
    """可以从 offset 开始发分片; 未确认的字节至多 window_bytes。

    file_id: 发布之后的文件 id, 与 FileOffer 的相同。size_known: 服务器有同样大小的文件, 值得试一次秒传。
    """

    upload_id: str
    resume_token: str
    offset: int
    chunk_bytes: int
    window_bytes: int
    file_id: str
    size_known: bool = False
    client_id: str | None = None
    # 同 Ack; 早先的服务器没有
    original_name: str | None = None


@dataclass(frozen=True)
class FileAck:
    """已写入磁盘的字节, 累计。"""

    upload_id: str
    offset: int


@dataclass(frozen=True)
class FileDone:
    """分片上传已发布。"""

    upload_id: str
    file: FileMessage
    client_id: str | None = None


@dataclass(frozen=True)
class FileCancelled:
    """上传已取消, 服务器上的部分文件已删净。"""

    upload_id: str


@dataclass(frozen=True)
class ByteRange:
    """文件里的一段, 字节; length 至少是 1。"""

    offset: int
    length: int


@dataclass(frozen=True)
class FileChallenge:
    """秒传的抽查: 恰好三段, 可以重叠; 不答也可以照常发分片。"""

    upload_id: str
    ranges: tuple[ByteRange, ...]
    client_id: str | None = None


@dataclass(frozen=True)
class FileOffer:
    """还在上传的文件, 已经可以下载; id 与 url 同最后的 FileMessage。received 是服务器已落盘的字节。

    state: sending 正在传, paused 上传者暂停了, waiting 等他回来; 旧的服务器不说, 都算 sending。
    """

    id: str
    name: str
    original_name: str
    size: int
    url: str
    received: int
    state: str = "sending"
    # 同 TextMessage
    from_tag: str | None = None


# 可以打开与下载的: 已发布的, 与还在上传的
SharedFile = Union[FileMessage, FileOffer]


@dataclass(frozen=True)
class FileWithdrawn:
    """先前的 FileOffer 作废: 取消, 失败, 或一直没有续传。"""

    id: str


@dataclass(frozen=True)
class SearchPage:
    """一页搜索结果, 新的在前; 更早的以最后一条的 seq 作 before 接着要。"""

    query: str
    messages: tuple[RoomMessage, ...]
    more: bool
    ref: str | None = None
    # 不合契约而去掉的有几项
    skipped: int = 0


@dataclass(frozen=True)
class History:
    """一页历史, 旧的在前; ref 是请求带的, 加入时不请自来的那一页没有。"""

    messages: tuple[RoomMessage, ...]
    more: bool
    kind: str | None = None
    # 这一种一共有几条; 限定了 kind 才有, 旧的服务器没有
    total: int | None = None
    ref: str | None = None
    # 不合契约而去掉的有几项
    skipped: int = 0


@dataclass(frozen=True)
class TransferTicket:
    """一条传输连接用的票: 只能用一次, 要了马上用 (一分钟内)。"""

    ticket: str
    ref: str | None = None


@dataclass(frozen=True)
class ServerError:
    """服务器拒绝了什么; ref 是有关的 clientId, uploadId 或 history 与 search 的 ref; facts 是附带的数字与文字。"""

    code: str
    message: str
    retryable: bool
    ref: str | None
    facts: Mapping[str, int | str]


@dataclass(frozen=True)
class Unknown:
    """以后的服务器可能有的新类型: 只记日志, 不显示。"""

    type: str


ServerMessage = Union[
    Welcome,
    Presence,
    TextMessage,
    FileMessage,
    Batch,
    Ack,
    FileReady,
    FileAck,
    FileDone,
    FileCancelled,
    FileChallenge,
    FileOffer,
    FileWithdrawn,
    History,
    SearchPage,
    TransferTicket,
    ServerError,
    Unknown,
]
