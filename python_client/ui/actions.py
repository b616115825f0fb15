"""用户做的事 -> 网络线程; 每一件都立即返回, 结果以事件回来。"""

from __future__ import annotations

import logging
import tkinter
import uuid
from pathlib import Path
from tkinter import filedialog
from typing import Sequence
from urllib.parse import urlsplit

from ..client import Client
from ..model import transfers
from ..model.connection import ONLINE
from ..model.file_names import local_name
from ..model.human_text import format_bytes
from ..model.transfers import Transfer
from ..protocol.messages import SharedFile
from .chat_state import OUTGOING, ChatState
from .opener import Opener
from .ports import Network

log = logging.getLogger(__name__)

# 第一次 welcome 之前还不知道服务器的上限: 用协议的缺省 (字节)
_TEXT_BYTES = 16_384


class Actions:
    """said 是要在状态栏说的一句, 由窗口每轮取走。"""

    def __init__(self, root: tkinter.Tk, network: Network, state: ChatState) -> None:
        self._root = root
        self._network = network
        self._state = state
        self.opener = Opener()
        self.said = ""

    # ---- 聊天 ----

    def send_text(self, message: str) -> bool:
        """False: 太长, 文字留在输入框里。"""
        limits = None if self._state.identity is None else self._state.identity.limits
        most = _TEXT_BYTES if limits is None else limits.text_bytes
        over = len(message.encode("utf-8", "surrogatepass")) - most
        if over > 0:
            self.said = f"超出 {over} 字节, 一条消息至多 {format_bytes(most)}"
            return False
        client_id = uuid.uuid4().hex
        self._network.call(lambda client: client.send_text(client_id, message))
        return True

    def retry_text(self, client_id: str) -> None:
        self._network.call(lambda client: client.retry_text(client_id))

    def discard_text(self, client_id: str) -> None:
        self._network.call(lambda client: client.discard_text(client_id))
        if self._state.outgoing.discard(client_id):
            self._state.stale.add(OUTGOING)

    def load_older(self) -> None:
        before = self._state.timeline.first_seq
        if before is not None and not self._state.loading_older:
            self._state.loading_older = True
            self._network.call(lambda client: client.load_older(before))

    def load_files(self) -> None:
        if not self._state.loading_files:
            self._state.loading_files = True
            before = self._state.files.oldest_seq
            self._network.call(lambda client: client.load_more_files(before))

    def search_problem(self) -> str:
        """现在不能搜索的原因; 空串: 可以。"""
        if self._state.identity is None or self._state.connection.phase != ONLINE:
            return "还没有连上服务器, 连上之后才能搜索"
        if "search" not in self._state.identity.features:
            return "这个服务器还不能搜索"
        return ""

    def search(self, number: int, query: str, before: int | None) -> None:
        self._network.call(lambda client: client.search(number, query, before))

    def load_context(self, number: int, before: int | None, after: int | None) -> None:
        self._network.call(lambda client: client.load_context(number, before, after))

    def rename(self, name: str) -> None:
        self._network.call(lambda client: client.rename(name))

    def reconnect(self) -> None:
        self._network.call(lambda client: client.reconnect())

    # ---- 文件 ----

    def pick_files(self) -> None:
        """选了就排队发送; 取消时是空的 tuple 或空串。"""
        chosen = filedialog.askopenfilenames(parent=self._root, title="选择要发送的文件")
        self.send_files([Path(path) for path in chosen])

    def send_files(self, paths: Sequence[Path]) -> None:
        def send(client: Client) -> None:
            client.send_files(paths)

        if paths:
            self._network.call(send)

    def open_file(self, file: SharedFile) -> None:
        self.open_url(file.url)

    def open_url(self, url: str) -> None:
        """只打开 http 与 https: 服务器说的别的 (本地路径, 程序的私有协议) 都不算链接。"""
        problem = _url_problem(url)
        if problem:
            log.warning("actions.strange_url url=%r", url[:200])
            self.said = problem
        else:
            self.opener.open_url(url)

    def copy_link(self, file: SharedFile) -> None:
        self.copy(file.url)
        self.said = "链接已复制"

    def copy(self, text: str) -> None:
        self._root.clipboard_clear()
        self._root.clipboard_append(text)

    def save_file(self, file: SharedFile) -> None:
        """选了地方就开始下载; 取消时是空串, 有的平台是空的 tuple。"""
        name = local_name(file.original_name)
        chosen = filedialog.asksaveasfilename(parent=self._root, title="另存为", initialfile=name)

        def save(client: Client) -> None:
            client.save_file(file, Path(chosen))

        if chosen:
            self._network.call(save)

    # ---- 传输 ----

    def pause(self, transfer: Transfer) -> None:
        self._network.call(lambda client: client.pause(transfer.id))

    def resume(self, transfer: Transfer) -> None:
        self._network.call(lambda client: client.resume(transfer.id))

    def cancel(self, transfer: Transfer) -> None:
        self._network.call(lambda client: client.cancel(transfer.id))

    def clear_finished(self) -> None:
        self._network.call(lambda client: client.clear_finished())

    def open(self, transfer: Transfer) -> None:
        """上传的打开链接, 下载的打开文件。"""
        if transfer.direction == transfers.UP:
            self.open_url(transfer.url)
        else:
            self.opener.open_path(Path(transfer.path))

    def reveal(self, transfer: Transfer) -> None:
        self.opener.open_path(Path(transfer.path).parent)


def _url_problem(url: str) -> str:
    """空串: 可以交给浏览器。"""
    try:
        parts = urlsplit(url)
        # port 在读的时候才检查范围
        complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        # 方括号不成对, 端口不是数等
        return "文件的链接不对, 没有打开"
    if parts.scheme.lower() not in ("http", "https"):
        return "这个链接不是网址, 没有打开"
    # 控制字符: NUL 交给浏览器的命令行会出错; Python 3.8 的 urlsplit 不管
    return "" if complete and url.isprintable() else "文件的链接不对, 没有打开"
