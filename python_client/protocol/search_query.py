"""搜索词的写法: 词, 引号里的短语, 与 from: has: before: after:; 照服务器的 src/protocol/search-query.ts 写, 由共用的向量核对。

找由服务器做; 这里只为标出命中的词, 与提醒看不懂的条件。纯函数。
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import date
from unicodedata import normalize

from .text_fold import fold

# 超过这么多个词 (与条件) 就不拆: 整句当作一个短语
MAX_QUERY_WORDS = 16

# 与 JavaScript 的 \s 相同
_SPACES = "\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_SPACE = re.compile(f"[{_SPACES}]+")
_WORD = re.compile(f"[^{_SPACES}]*")
# 中文输入法打出的是全角冒号 (U+FF1A)
_OPERATOR = re.compile("(from|has|before|after)[:\uff1a]", re.IGNORECASE)
_DOUBLE = '"\u201c\u201d\uff02'
# 一对直的, 弯的或全角的双引号可以混用; 直角引号成对
_QUOTES = {**dict.fromkeys(_DOUBLE, _DOUBLE), "\u300c": "\u300d", "\u300e": "\u300f"}
_DATE = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2})(?:[-/.]([0-9]{1,2}))?)?")
_HAS = {
    **{value: value for value in ("file", "image", "video", "audio", "document", "link")},
    "文件": "file",
    "图片": "image",
    "视频": "video",
    "音频": "audio",
    "文档": "document",
    "链接": "link",
}


@dataclass(frozen=True)
class ParsedQuery:
    """words 与 from_names 已折叠; doubtful 是像条件而值看不懂的, 按普通的词找。"""

    words: tuple[str, ...] = ()
    from_names: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    after: date | None = None
    before: date | None = None
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Token:
    raw: str
    operator: str
    value: str


def utc_offset_minutes() -> int:
    """这台机器此刻在 UTC 以东多少分钟: 查询里的日期按它。"""
    return time.localtime().tm_gmtoff // 60


def parse_query(query: str) -> ParsedQuery:
    """从不失败: 看不懂的都是普通的词; 什么都不剩 (只有引号) 时整句按字面。"""
    tokens = _tokens(query)
    words: dict[str, None] = {}
    names: dict[str, None] = {}
    has: dict[str, None] = {}
    dates: dict[str, list[date]] = {"after": [], "before": []}
    doubtful: list[str] = []
    for token in tokens if len(tokens) <= MAX_QUERY_WORDS else []:
        day = _date(token.value) if token.operator in dates else None
        value = _HAS.get(fold(token.value)) if token.operator == "has" else None
        if day is not None:
            dates[token.operator].append(day)
        elif value is not None:
            has[value] = None
        elif token.operator == "from" and token.value.strip():
            names[fold(token.value.strip())] = None
        else:
            if token.operator:
                doubtful.append(token.raw)
            words[fold(token.raw if token.operator else token.value)] = None
    if not (words or names or has or dates["after"] or dates["before"]) and query.strip():
        words[fold(query.strip())] = None
    return ParsedQuery(
        tuple(words),
        tuple(names),
        tuple(has),
        # 几个日期: 取最窄的
        max(dates["after"], default=None),
        min(dates["before"], default=None),
        tuple(doubtful),
    )


def _tokens(query: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(query):
        space = _SPACE.match(query, at)
        if space is not None:
            at = space.end()
            continue
        token, at = _next_token(query, at)
        # 一对空引号: 什么也不要
        if token.operator or token.value:
            found.append(token)
    return found


def _next_token(query: str, start: int) -> tuple[_Token, int]:
    operator = _OPERATOR.match(query, start)
    begin = start if operator is None else operator.end()
    value, end = _value(query, begin)
    name = "" if operator is None else operator.group(1).lower()
    return _Token(query[start:end], name, value), end


def _value(query: str, begin: int) -> tuple[str, int]:
    closers = _QUOTES.get(query[begin : begin + 1])
    if closers is None:
        word = _WORD.match(query, begin)
        end = begin if word is None else word.end()
        return query[begin:end], end
    for end in range(begin + 1, len(query)):
        if query[end] in closers:
            return query[begin + 1 : end], end + 1
    # 没有合上的 (多半还在打) 到末尾为止
    return query[begin + 1 :], len(query)


def _date(value: str) -> date | None:
    """2026-11-01, 2026/11/1, 2026-11 (那个月的第一天), 2026; 没有这一天则 None。"""
    found = _DATE.fullmatch(normalize("NFKC", value))
    if found is None:
        return None
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        # JavaScript 那边 0 到 99 年也不算
        return date(year, month, day) if year > 99 else None
    except ValueError:
        return None
