"""状态栏: 连接的状态, 断开的原因与倒计时, 立即重连; 也用来说一句很快消失的话。"""

from __future__ import annotations

import math
import time
import tkinter
from tkinter import ttk
from typing import Callable

from ..model.connection import CONNECTING, JOINING, ONLINE, STOPPED, WAITING, ConnectionState
from ..model.human_text import safe_name
from ..protocol.errors import describe_outage
from . import palette
from .file_name import fit
from .theme import Theme

# 一句提示停留多久 (秒)
_SAID_S = 4.0
# 右边的名字至多这么宽 (96 dpi 下的像素)
_NAME_WIDTH = 160
_COLORS = {CONNECTING: palette.WARN, JOINING: palette.WARN, ONLINE: palette.GOOD}


class StatusBar:
    """show 每轮调用; 字没有变就不碰部件。"""

    def __init__(self, parent: tkinter.Misc, theme: Theme, place: str, reconnect: Callable[[], None]) -> None:
        self._theme = theme
        self._shown = ("", "")
        self._said = ""
        self._said_until = 0.0
        self._ever_joined = False
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(1, weight=1)
        self._dot = ttk.Label(self.frame)
        self.label = ttk.Label(self.frame, style="Muted.TLabel", anchor="w", width=1)
        self.button = ttk.Button(self.frame, text="立即重连", style="Small.TButton", command=reconnect)
        self.who = ttk.Label(self.frame, style="Muted.TLabel", text=place)
        self._place = place
        self._dot.grid(row=0, column=0, padx=palette.PAD, pady=palette.PAD)
        self.label.grid(row=0, column=1, sticky="we", padx=palette.PAD, pady=palette.PAD)
        self.who.grid(row=0, column=3, padx=palette.PAD, pady=palette.PAD)

    def set_name(self, name: str) -> None:
        """加入时服务器认下的名字。"""
        # 在线可能短得没有一轮 show 看见
        self._ever_joined = True
        # 名字至多 32 个字: 不能把左边的状态挤没了
        short = fit(safe_name(name), self._theme.small, self._theme.pixels(_NAME_WIDTH))
        self.who.configure(text=f"{short} @ {self._place}")

    def say(self, text: str) -> None:
        self._said = text
        self._said_until = time.monotonic() + _SAID_S

    def show(self, state: ConnectionState) -> None:
        self._ever_joined = self._ever_joined or state.phase == ONLINE
        text = describe(state, time.time(), self._ever_joined)
        if self._said and time.monotonic() < self._said_until:
            text = self._said
        if (state.phase, text) == self._shown:
            return
        self._shown = (state.phase, text)
        self.label.configure(text=text)
        self._dot.configure(image=self._theme.dot(_COLORS.get(state.phase, palette.BAD)))
        if state.phase == WAITING or (state.phase == STOPPED and state.reason is not None):
            self.button.grid(row=0, column=2, padx=palette.PAD, pady=palette.PAD)
        else:
            self.button.grid_remove()


def describe(state: ConnectionState, now: float, ever_joined: bool = True) -> str:
    """一行中文; now 是 Unix 秒。"""
    if state.phase in (CONNECTING, JOINING):
        return "正在连接 ..." if state.phase == CONNECTING else "正在加入 ..."
    if state.phase == ONLINE:
        return "已连接"
    if state.phase == STOPPED and state.reason is None:
        # 名字被拒: 对话框开着
        return "等待换名字"
    reason = describe_outage(state.reason, ever_joined)
    if state.phase == STOPPED:
        return f"{reason}; 不会自动重连"
    seconds = max(0, math.ceil((state.retry_at or now) - now))
    if not ever_joined:
        return f"{reason}; {seconds} 秒后再试"
    return f"{reason}; {seconds} 秒后重连, 期间写的消息会在连上后发出"
