"""搜索的窗口: 上面是搜索词, 左边结果, 右边是选中的那一条前后的聊天; 主窗口的记录不受影响。"""

from __future__ import annotations

import tkinter
from tkinter import ttk

from ..model.events import Searched
from ..model.search_hits import query_hint, query_problem
from ..protocol.messages import RoomMessage
from . import palette
from .actions import Actions
from .context_view import ContextView
from .edit_menu import EditMenu
from .file_menu import RIGHT_BUTTONS, FileMenu
from .from_anywhere import FromAnywhere
from .log_pictures import LogPictures
from .log_rows import RowMaker
from .search_results import SearchResults
from .theme import Theme

TITLE = "搜索聊天记录"
# 96 dpi 下的像素
_SIZE = (980, 600)
_RESULTS_WIDTH = 340
_HINT = "词都要有, 引号里的连着; from:名字 has:file before:2026-11-01 after:2026-10-01"


class SearchWindow:
    """建好时藏着; open 显示, 关掉只是藏起来, 结果还在。每轮末尾调用 flush。"""

    def __init__(self, root: tkinter.Tk, theme: Theme, actions: Actions) -> None:
        self._actions = actions
        # 每换一个搜索词加一: 旧的应答不要
        self._number = 0
        self._query = ""
        self._waiting = False
        self.top = tkinter.Toplevel(root)
        self.top.withdraw()
        self.top.title(TITLE)
        self.top.geometry("x".join(str(theme.pixels(side)) for side in _SIZE))
        self.top.columnconfigure(0, weight=1)
        self.top.rowconfigure(1, weight=1)
        self._fill_bar()
        panes = ttk.PanedWindow(self.top, orient="horizontal")
        panes.grid(row=1, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        left = ttk.Frame(panes, width=theme.pixels(_RESULTS_WIDTH))
        left.grid_propagate(False)
        left.columnconfigure(0, weight=1)
        left.rowconfigure(0, weight=1)
        self.results = SearchResults(left, theme, self._chosen, self._load_more)
        self.results.frame.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        self.context = ContextView(panes, theme, actions.load_context, self.say)
        panes.add(left, weight=0)
        panes.add(self.context.frame, weight=1)
        self._bind()

    def connect(self, maker: RowMaker, pictures: LogPictures, menu: FileMenu) -> None:
        """在第一次 open 之前, 一次。"""
        self.context.connect(maker, pictures)
        self._menu = menu
        self._copy_menu = EditMenu(self.context.log.text, read_only=True)
        for button in RIGHT_BUTTONS:
            self.context.log.text.bind(button, self._context_menu)

    def open(self) -> None:
        """显示, 焦点到搜索词上。"""
        self.top.deiconify()
        self.top.lift()
        self.entry.focus_force()
        self.entry.selection_range(0, "end")

    def hide(self) -> None:
        self.top.withdraw()

    def say(self, text: str) -> None:
        self.status.configure(text=text)

    def submit(self) -> None:
        query = self.entry.get().strip()
        if not query:
            return
        problem = query_problem(query) or self._actions.search_problem()
        if problem:
            self.say(problem)
            return
        self._number += 1
        self._query, self._waiting = query, True
        self.results.clear()
        self.context.clear()
        self.say("正在搜索 ...")
        self._actions.search(self._number, query, None)

    def searched(self, page: Searched) -> None:
        if page.number != self._number:
            return
        self._waiting = False
        if page.error:
            self.say(f"没有搜到: {page.error}")
            return
        is_first = not self.results.messages
        self.results.add(self._query, page.messages, page.more)
        count = len(self.results.messages)
        said = f"{count}{'+' if page.more else ''} 条, 新的在前" if count else "没有找到"
        hint = query_hint(self._query)
        self.say(f"{said}; {hint}" if hint else said)
        if is_first and count:
            self.results.choose(0)

    def forget(self) -> None:
        """服务器的历史换了: 结果里的 seq 都作废。"""
        if self.results.messages:
            self._number += 1
            self.results.clear()
            self.context.clear()
            self.say("服务器的历史换了, 请重新搜索")

    def offline(self) -> None:
        """断线: 问过的不会有应答, 它们的错误另外会到。"""
        self._waiting = False
        self.context.offline()

    def flush(self) -> None:
        self.context.flush()

    def _fill_bar(self) -> None:
        bar = ttk.Frame(self.top)
        bar.grid(row=0, column=0, sticky="we", padx=palette.PAD, pady=palette.PAD)
        bar.columnconfigure(0, weight=1)
        self.entry = ttk.Entry(bar, font=("Arial", palette.FONT_SIZE))
        self.button = ttk.Button(bar, text="搜索", style="Accent.TButton", command=self.submit)
        self.status = ttk.Label(bar, style="Muted.TLabel", text=_HINT)
        self.entry.grid(row=0, column=0, sticky="nsew", padx=palette.PAD, pady=palette.PAD)
        self.button.grid(row=0, column=1, sticky="ns", padx=palette.PAD, pady=palette.PAD)
        self.status.grid(row=1, column=0, columnspan=2, sticky="w", padx=palette.PAD, pady=palette.PAD)
        self._entry_menu = EditMenu(self.entry, read_only=False)
        for button in RIGHT_BUTTONS:
            self.entry.bind(button, self._entry_menu.popup)

    def _bind(self) -> None:
        self.top.protocol("WM_DELETE_WINDOW", self.hide)
        self.top.bind("<Escape>", lambda _: self.hide())
        FromAnywhere(self.top, self.entry)
        for key in ("<Return>", "<KP_Enter>"):
            self.entry.bind(key, lambda _: self.submit())
            # 到右边去看: 可以滚, 可以选中复制
            self.results.text.bind(key, lambda _: self.context.log.text.focus_set())
        self.results.text.bind("<Double-Button-1>", lambda _: self.context.log.text.focus_set())
        self.entry.bind("<Down>", lambda _: self._into_results())
        for keys in ("<Control-f>", "<Control-F>"):
            self.top.bind(keys, lambda _: self.open())

    def _into_results(self) -> str:
        self.results.text.focus_set()
        self.results.move(1)
        return "break"

    def _chosen(self, message: RoomMessage) -> None:
        self.context.show(message, self._query)

    def _load_more(self) -> None:
        if not self._waiting:
            self._waiting = True
            self._actions.search(self._number, self._query, self.results.messages[-1].seq)

    def _context_menu(self, event: tkinter.Event[tkinter.Misc]) -> None:
        file = self.context.log.file_at(f"@{event.x},{event.y}")
        if file is not None and not self.context.log.text.tag_ranges("sel"):
            self._menu.popup(file, event.x_root, event.y_root)
        else:
            self._copy_menu.popup(event)
