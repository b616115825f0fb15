"""搜索词在一段文字里的各处, 与结果里的一行摘要; 写法与折叠同服务器。纯函数。"""

from __future__ import annotations

import re

from ..protocol.messages import MAX_QUERY_LENGTH, RoomMessage, TextMessage
from ..protocol.search_query import parse_query
from ..protocol.text_fold import clusters

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


def query_hint(query: str) -> str:
    """看不懂的条件, 给用户看的一句; 空串: 没有。"""
    doubtful = parse_query(query).doubtful
    if not doubtful:
        return ""
    examples = "from:名字, has:file, before:2026-11-01"
    return f"{' '.join(doubtful)} 不是看得懂的条件, 按文字找; 条件写成 {examples}, 冒号后面不空格"


def find_hits(text: str, query: str) -> list[tuple[int, int]]:
    """query 里的词在 text 里的各处 (起, 止), 从前往后, 不重叠 (交叠的合成一处), 至多 MAX_HITS 处。"""
    places = clusters(text)
    folded = "".join(cluster for _, _, cluster in places)
    # 折叠之后的每个字来自哪一簇
    owners = [index for index, (_, _, cluster) in enumerate(places) for _ in cluster]
    found: list[tuple[int, int]] = []
    for word in parse_query(query).words:
        # 摘要里换行是空格: 跨行的短语也标得出
        wanted = _SPACES.sub(" ", word)
        at = folded.find(wanted)
        count = 0
        while at >= 0 and count < MAX_HITS:
            last = owners[at + len(wanted) - 1]
            found.append((places[owners[at]][0], places[last][1]))
            at = folded.find(wanted, at + len(wanted))
            count += 1
    return _merged(sorted(found))[:MAX_HITS]


def snippet(text: str, query: str) -> str:
    """一行: 空白并成一格, 从第一处之前一点开始, 两头省略。"""
    line = _SPACES.sub(" ", text).strip()
    hits = find_hits(line, query)
    start = max(0, hits[0][0] - _LEAD) if hits else 0
    # 开头只省几个字没有意思
    start = 0 if start <= 2 else start
    end = start + _SNIPPET
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"


def _merged(hits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in hits:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
