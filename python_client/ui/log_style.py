"""聊天记录的样式: 标签的字体, 颜色与间距。"""

from __future__ import annotations

import tkinter

from . import palette
from .theme import Theme


def style_log(text: tkinter.Text, theme: Theme) -> None:
    """标签的优先级按创建的先后: 后面的盖过前面的。"""
    indent = theme.pixels(8)
    gap = theme.pixels(4)
    text.tag_configure(
        "body",
        font=theme.normal,
        lmargin1=indent,
        lmargin2=indent,
        rmargin=indent,
        spacing2=gap // 2,
        spacing3=gap,
    )
    text.tag_configure("head", font=theme.bold, lmargin1=indent, spacing1=theme.pixels(10), spacing3=gap // 2)
    text.tag_configure("time", font=theme.small, foreground=palette.TEXT_3)
    for index, color in enumerate(palette.NAME_COLORS):
        text.tag_configure(f"name{index}", foreground=color)
    # 自己的: 整行浅色, 左右的边距也要上色
    text.tag_configure("own", background=palette.MINE, lmargincolor=palette.MINE, rmargincolor=palette.MINE)
    text.tag_configure("by-word", wrap="word")
    text.tag_configure("by-character", wrap="char")
    text.tag_configure("small", font=theme.small)
    text.tag_configure("muted", foreground=palette.TEXT_3)
    text.tag_configure("sending", foreground=palette.TEXT_3)
    text.tag_configure("failed", foreground=palette.BAD)
    text.tag_configure("bad", foreground=palette.BAD)
    text.tag_configure("picture", spacing1=gap, spacing3=gap)
    _middle(text, theme)
    # 搜到的一条, 与搜索词的各处; 盖过自己的浅色
    text.tag_configure(
        "found", background=palette.FOUND, lmargincolor=palette.FOUND, rmargincolor=palette.FOUND
    )
    text.tag_configure("match", background=palette.MATCH)
    text.tag_configure("link", foreground=palette.ACCENT, underline=True)
    text.tag_bind("link", "<Enter>", lambda _: text.configure(cursor="hand2"))
    text.tag_bind("link", "<Leave>", lambda _: text.configure(cursor="arrow"))
    text.tag_configure("sel", background=palette.ACCENT, foreground=palette.ON_ACCENT)
    text.tag_raise("sel")


def _middle(text: tkinter.Text, theme: Theme) -> None:
    """居中的小字: 日期, 进出, 提示, 错误。"""
    gap = theme.pixels(8)
    for name, color in (
        ("day", palette.TEXT_2),
        ("presence", palette.TEXT_3),
        ("notice", palette.WARN),
        ("error", palette.BAD),
        ("older", palette.ACCENT),
    ):
        text.tag_configure(
            name, font=theme.small, foreground=color, justify="center", spacing1=gap, spacing3=gap // 2
        )
