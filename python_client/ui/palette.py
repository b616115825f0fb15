"""颜色与字体的唯一来源; 颜色与网页的浅色主题相同 (web/style/tokens.css)。"""

from __future__ import annotations

from zlib import crc32

# 界面各处统一的外边距 (像素), 用户的要求
PAD = 5
FONT_FAMILY = "Arial"
FONT_SIZE = 12
SMALL_SIZE = 10

BACKGROUND = "#eef2f6"
SURFACE = "#ffffff"
SURFACE_2 = "#f5f8fa"
SURFACE_3 = "#e6ecf2"
LINE = "#d8e0e8"
LINE_STRONG = "#b9c6d3"
TEXT = "#15202b"
TEXT_2 = "#4d5d6d"
TEXT_3 = "#5f6f7f"
ACCENT = "#0a6c74"
ACCENT_STRONG = "#07535a"
ACCENT_SOFT = "#dcf0f0"
MINE = "#e9f5f5"
# 搜到的一条; 搜索词
FOUND = "#fff7e0"
MATCH = "#ffd95e"
GOOD = "#1a7f4b"
WARN = "#8a5a00"
BAD = "#b3261e"
ON_ACCENT = "#ffffff"

# 名字的颜色: 在白底与 MINE 上对比度都不低于 4.5
NAME_COLORS = (
    "#0a6c74",
    "#8a3ffc",
    "#b3261e",
    "#1a7f4b",
    "#8a5a00",
    "#1f5fbf",
    "#a8326e",
    "#4d5d6d",
    "#5b4fc4",
    "#2f6b1f",
    "#a04a12",
    "#0b6aa2",
)


def color_index(name: str) -> int:
    """同名同色, 每次启动都一样 (hash() 不是)。"""
    return crc32(name.encode("utf-8", "replace")) % len(NAME_COLORS)
