"""主窗口: 把各区装在一起; 事件经 EventTable 改状态, 每轮末尾画出变化。"""

from __future__ import annotations

import logging
import tkinter
from typing import Callable

from ..model.events import ContextLoaded, NameRefused, Searched, ThumbnailReady
from ..model.human_text import safe_name
from ..model.timeline import ERROR, Timeline
from ..model.transfers import Transfer
from ..protocol.errors import describe_error
from ..protocol.messages import FileMessage
from . import palette
from .actions import Actions
from .ask_name import ask_name
from .chat_state import FILES, OUTGOING, PEOPLE, ChatState
from .composer import Composer
from .edit_menu import EditMenu
from .event_table import EventTable
from .file_menu import RIGHT_BUTTONS, FileMenu
from .file_panel import FilePanel
from .from_anywhere import FromAnywhere
from .incoming import Incoming
from .layout import TITLE, Layout
from .log_pictures import LogPictures
from .log_rows import RowMaker
from .log_view import LogView
from .people_panel import PeoplePanel
from .ports import Network
from .pump import Pump
from .search_window import SearchWindow
from .status_bar import StatusBar
from .theme import Theme
from .transfer_panel import TransferPanel

log = logging.getLogger(__name__)

# 关窗口时至多等网络线程这么久 (秒)
STOP_S = 2.0


class Window:
    """root 已经存在, 还没有显示。remember 在加入成功之后得到名字; place 是状态栏里的服务器地址。"""

    def __init__(self, root: tkinter.Tk, network: Network, own_name: str, place: str) -> None:
        self.root = root
        self.network = network
        self.remember: Callable[[str], None] = lambda _: None
        self._asking = False
        self._search: SearchWindow | None = None
        self._closed = False
        self.theme = Theme(root)
        layout = Layout(root, self.theme)
        self.log = LogView(layout.chat, self.theme, lambda: self.actions.load_older())
        self.state = ChatState(Timeline(self.log), own_name)
        self.actions = Actions(root, network, self.state)
        self._fill(layout, place)
        self._connect_log()
        self.table = EventTable(self.state, self)
        self.pump = Pump(root, network.events, self.table.handle, self.flush)
        self._bind()

    def open(self) -> None:
        """显示窗口, 开始取事件, 开始连接 (在后台线程)。"""
        self.root.deiconify()
        self.composer.entry.focus_set()
        self.pump.start()
        self.network.start()

    def close(self) -> None:
        """可以重复调用。保证: 约 2 秒内返回; 没有传完的留着记录, 下次继续。"""
        if self._closed:
            return
        self._closed = True
        self.pump.stop()
        # 先消失: 等网络线程的那一会儿, 用户不该看着一个死的窗口
        self.root.withdraw()
        self.root.update_idletasks()
        if not self.network.stop(STOP_S):
            log.warning("window.threads_left timeout_s=%s", STOP_S)
        self.incoming.close()
        self.root.destroy()

    @property
    def closed(self) -> bool:
        return self._closed

    def problem(self, message: str) -> None:
        """程序自己的错误: 显示成一行, 细节在日志里。"""
        if not self._closed:
            self.state.timeline.add_notice(ERROR, message)

    def flush(self) -> None:
        """每轮一次: 把攒下的变化画出来。"""
        stale, self.state.stale = self.state.stale, set()
        if OUTGOING in stale:
            self.log.show_pending(self.state.outgoing.items)
        if PEOPLE in stale:
            self.people.show(self.state.own_name)
        if FILES in stale:
            self.files.show(self.state.files, self.state.offers)
        self.transfers.show()
        self.log.flush()
        if self._search is not None:
            self._search.flush()
        self._say_what_happened()
        self.status.show(self.state.connection)
        self.incoming.deliver()

    @property
    def search(self) -> SearchWindow:
        """第一次用到才建。"""
        if self._search is None:
            self._search = SearchWindow(self.root, self.theme, self.actions)
            self._search.connect(self._maker, self.pictures, self.menu)
        return self._search

    def open_search(self) -> None:
        self.search.open()

    # ---- event_table.Screen ----

    def joined(self, name: str) -> None:
        self.status.set_name(name)
        self.root.title(f"{TITLE} - {safe_name(name)}")
        self.remember(name)

    def name_refused(self, refused: NameRefused) -> None:
        # 不在取事件的回调里开对话框: 那样这一批里其余的事件要等用户回答
        self.root.after_idle(self._ask_again, refused)

    def say(self, text: str) -> None:
        self.status.say(text)

    def put_transfer(self, transfer: Transfer) -> None:
        self.transfers.put(transfer)
        self.incoming.transfer_changed(transfer)

    def remove_transfer(self, transfer_id: str) -> None:
        self.transfers.remove(transfer_id)
        self.incoming.transfer_removed(transfer_id)

    def thumbnail(self, ready: ThumbnailReady) -> None:
        changed = self.pictures.loaded(ready.file_id, ready.image)
        self.log.redraw_pictures(changed)
        if self._search is not None:
            self._search.context.redraw_pictures(changed)

    def load_files(self) -> None:
        self.actions.load_files()

    def searched(self, page: Searched) -> None:
        if self._search is not None:
            self._search.searched(page)

    def context_loaded(self, page: ContextLoaded) -> None:
        if self._search is not None:
            self._search.context.loaded(page)

    def history_lost(self) -> None:
        if self._search is not None:
            self._search.forget()

    def offline(self) -> None:
        if self._search is not None:
            self._search.offline()

    # ---- 内部 ----

    def _fill(self, layout: Layout, place: str) -> None:
        """Tab 的次序就是建立的次序: 记录, 名单, 文件, 传输, 输入。"""
        self.log.frame.grid(
            in_=layout.chat, row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD
        )
        self.menu = FileMenu(self.root, self.actions)
        self.people = PeoplePanel(layout.side, self.theme, self.state.people)
        self.files = FilePanel(layout.side, self.menu, self.actions.load_files)
        layout.side.add(self.people.frame, weight=1)
        layout.side.add(self.files.frame, weight=1)
        self.transfers = TransferPanel(self.root, self.theme, self.actions, self.actions.clear_finished)
        layout.place(self.transfers.frame, layout.TRANSFERS_ROW)
        self.transfers.frame.grid_remove()
        self.composer = Composer(self.root, self.actions.send_text, self.actions.pick_files, self.open_search)
        layout.place(self.composer.frame, layout.COMPOSER_ROW)
        self.status = StatusBar(self.root, self.theme, place, self.actions.reconnect)
        layout.place(self.status.frame, layout.STATUS_ROW)
        self.incoming = Incoming(self.root, self.actions, self.composer.entry, self.status.say)
        self.incoming.accept_drops(layout.chat, self.theme)

    def _connect_log(self) -> None:
        self.pictures = LogPictures(self.theme, self.root, self._want_thumbnail)
        self._maker = maker = RowMaker(self.actions, self.pictures, lambda: self.state.own_name)
        self.log.show(self.state.timeline, maker, self.pictures)
        self._copy_menu = EditMenu(self.log.text, read_only=True)
        for button in RIGHT_BUTTONS:
            self.log.text.bind(button, self._log_menu)

    def _bind(self) -> None:
        self.root.protocol("WM_DELETE_WINDOW", self.close)
        for keys in ("<Control-o>", "<Control-O>"):
            self.root.bind(keys, lambda _: self.actions.pick_files())
        for keys in ("<Control-f>", "<Control-F>"):
            self.root.bind(keys, lambda _: self.open_search())
        self.root.bind("<Configure>", self._resized)
        FromAnywhere(self.root, self.composer.entry)

    def _resized(self, event: tkinter.Event[tkinter.Misc]) -> None:
        # 子部件的 Configure 也会到这里
        if event.widget is self.root:
            self.transfers.fit_height(event.height)

    def _log_menu(self, event: tkinter.Event[tkinter.Misc]) -> None:
        file = self.log.file_at(f"@{event.x},{event.y}")
        if file is not None and not self.log.text.tag_ranges("sel"):
            self.menu.popup(file, event.x_root, event.y_root)
        else:
            self._copy_menu.popup(event)

    def _want_thumbnail(self, file: FileMessage) -> None:
        self.network.call(lambda client: client.want_thumbnail(file))

    def _say_what_happened(self) -> None:
        for target in self.actions.opener.failures():
            self.actions.copy(target)
            self.actions.said = "没有找到能打开它的程序, 地址已复制"
        if self.actions.said:
            self.status.say(self.actions.said)
            self.actions.said = ""

    def _ask_again(self, refused: NameRefused) -> None:
        """名字被服务器拒绝: 说明原因再问; 取消就结束程序。"""
        if self._asking or self._closed:
            return
        self._asking = True
        reason = describe_error(refused.code, refused.message)
        name = ask_name(self.root, refused.suggestion or refused.name, reason)
        self._asking = False
        if name is None:
            self.close()
        else:
            self.state.own_name = name
            self.actions.rename(name)
            # simpledialog 关上时把焦点给了窗口自己; 它刚才在我们手里, 所以可以要回来
            self.composer.entry.focus_force()
