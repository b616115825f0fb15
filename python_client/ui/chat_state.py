"""窗口显示的全部状态; 只在界面线程里。"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model.connection import CONNECTING, ConnectionState, Identity
from ..model.file_index import FileIndex
from ..model.outgoing import OutgoingTexts
from ..model.people import People
from ..model.timeline import Timeline
from ..protocol.messages import FileOffer


@dataclass
class ChatState:
    """stale: 这一轮里变了, 还没有画的部分。"""

    timeline: Timeline
    # 自己现在的名字; welcome 之前是要加入的名字
    own_name: str
    connection: ConnectionState = field(default_factory=lambda: ConnectionState(CONNECTING))
    identity: Identity | None = None
    people: People = field(default_factory=People)
    files: FileIndex = field(default_factory=FileIndex)
    # 别人正在上传的
    offers: tuple[FileOffer, ...] = ()
    outgoing: OutgoingTexts = field(default_factory=OutgoingTexts)
    stale: set[str] = field(default_factory=set)
    # 正在等 load_older 与 load_more_files 的应答: 连点几下只要一页
    loading_older: bool = False
    loading_files: bool = False


PEOPLE = "people"
FILES = "files"
OUTGOING = "outgoing"
