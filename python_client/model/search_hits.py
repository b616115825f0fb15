"""搜索词在一段文字里的各处, 与结果里的一行摘要; 大小写的折叠同服务器。纯函数。"""

from __future__ import annotations

import re
from functools import lru_cache

from ..protocol.messages import MAX_QUERY_LENGTH, RoomMessage, TextMessage

# 一段文字里至多标出这么多处: 每处是 Text 里的一段
MAX_HITS = 200
# 摘要里第一处之前留这么多字, 总共这么多字
_LEAD = 24
_SNIPPET = 120

_SPACES = re.compile(r"\s+")


def query_problem(query: str) -> str:
    """给用户看的一句; 空串: 可以搜索。query 已去掉首尾空白。"""
    # 服务器数的是 UTF-16 单元
    length = len(query.encode("utf-16-le", "surrogatepass")) // 2
    return f"搜索词太长, 至多 {MAX_QUERY_LENGTH} 个字" if length > MAX_QUERY_LENGTH else ""


def searched_text(message: RoomMessage) -> str:
    """服务器在哪段文字里找: 正文, 或文件名。"""
    return message.message if isinstance(message, TextMessage) else message.original_name


def find_hits(text: str, query: str) -> list[tuple[int, int]]:
    """query 在 text 里的各处 (起, 止), 不重叠, 至多 MAX_HITS 处。"""
    folded, wanted = _fold(text), _fold(query)
    hits: list[tuple[int, int]] = []
    start = folded.find(wanted) if wanted else -1
    while start >= 0 and len(hits) < MAX_HITS:
        hits.append((start, start + len(wanted)))
        start = folded.find(wanted, start + len(wanted))
    return hits


def snippet(text: str, query: str) -> str:
    """一行: 空白并成一格, 从第一处之前一点开始, 两头省略。"""
    line = _SPACES.sub(" ", text).strip()
    hits = find_hits(line, _SPACES.sub(" ", query))
    start = max(0, hits[0][0] - _LEAD) if hits else 0
    # 开头只省几个字没有意思
    start = 0 if start <= 2 else start
    end = start + _SNIPPET
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"


def _fold(text: str) -> str:
    """逐字折叠, 长度不变: 位置才对得上原文。"""
    return text.lower() if text.isascii() else "".join(map(_fold_one, text))


@lru_cache(maxsize=4096)
def _fold_one(character: str) -> str:
    # 变成几个字的 (ß) 用小写; 小写也变长的 (İ) 不动
    for folded in (character.casefold(), character.lower()):
        if len(folded) == 1:
            return folded
    return character
