"""从文字里认出网址: 只认 http 与 https; 中文标点, 句末标点与多出的右括号不算网址的一部分。"""

from __future__ import annotations

import re
from typing import Iterator
from urllib.parse import urlsplit

# 网址后面常常直接跟着中文: 只收 ASCII, 汉字只在路径的 / = _ & # 之后才算
_CANDIDATE = re.compile(
    r"https?://[A-Za-z0-9\-._~\[\]:@%]+"
    r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]|(?<=[/=_&#\u4e00-\u9fff])[\u4e00-\u9fff])*",
    re.IGNORECASE,
)
# 句末标点: 几乎总是句子的, 不是网址的
_TRAILING = ".,;:!?'\"*_~"
_CLOSING = {")": "(", "]": "["}


def find_links(text: str) -> Iterator[tuple[int, int, str]]:
    """(起点, 终点, 网址), 按出现的次序。"""
    for match in _CANDIDATE.finditer(text):
        url = _trim(match.group())
        if _is_safe(url):
            yield match.start(), match.start() + len(url), url


def _trim(candidate: str) -> str:
    """括号成对的留着 (维基百科的网址), 多出的右括号去掉。"""
    # 每种右括号多几个, 只数一遍: 一长串右括号也是线性的
    surplus = {close: candidate.count(close) - candidate.count(start) for close, start in _CLOSING.items()}
    end = len(candidate)
    while end > 0:
        last = candidate[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return candidate[:end]


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        # 方括号不成对等; 不是网址
        return False
    # 带用户名的网址 (https://银行@坏人) 是钓鱼的老手法, 不做成链接
    return bool(parts.hostname) and "@" not in parts.netloc
