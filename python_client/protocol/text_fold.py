"""搜索用的折叠: 大小写, 全角半角, 附加符号都算同一个; 照服务器的 src/protocol/text-fold.ts 写, 由共用的向量核对。纯函数。"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# 折叠只会改大小写的字, 而且长度不变: ASCII, 汉字, 假名, 谚文与它们的标点
_PLAIN = r"\0-\x7f\u3001-\u3029\u3041-\u3096\u30a1-\u30fe\u3131-\u318e\u4e00-\u9fff\uac00-\ud7a3"
_IS_PLAIN = re.compile(f"[{_PLAIN}]*")
# 分开写的谚文: 一串合起来看
_JAMO = re.compile(r"[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7fb]")
# 半角片假名的浊音, 跟在字符后面
_VOICED = "\uff9e\uff9f"
# 只去这三种字母的附加符号; 用 Unicode 的名字认, 标准库没有 Script 属性
_ACCENTED = ("LATIN ", "GREEK ", "CYRILLIC ")


def fold(text: str) -> str:
    if _IS_PLAIN.fullmatch(text):
        return text.lower()
    return "".join(folded for _, _, folded in clusters(text))


def clusters(text: str) -> list[tuple[int, int, str]]:
    """逐簇: 原文的起止 (码点下标) 与折成什么; 一簇是一个字符连同跟着它的附加符号。"""
    found: list[tuple[int, int, str]] = []
    start = 0
    while start < len(text):
        end = start + 1
        if _JAMO.match(text[start]):
            while end < len(text) and _JAMO.match(text[end]):
                end += 1
        else:
            while end < len(text) and _is_mark(text[end]):
                end += 1
        found.append((start, end, _fold_cluster(text[start:end])))
        start = end
    return found


def _is_mark(character: str) -> bool:
    # ASCII 与汉字占绝大多数: 不必查表
    if character < "\u0300" or "\u4e00" <= character <= "\u9fff":
        return False
    return character in _VOICED or unicodedata.category(character).startswith("M")


@lru_cache(maxsize=4096)
def _fold_cluster(cluster: str) -> str:
    if _IS_PLAIN.fullmatch(cluster):
        return cluster.lower()
    bare: list[str] = []
    accented = False
    for character in unicodedata.normalize("NFKD", cluster):
        if unicodedata.category(character) == "Mn":
            # 一串附加符号跟着同一个字母
            if not accented:
                bare.append(character)
            continue
        accented = unicodedata.name(character, "").startswith(_ACCENTED)
        bare.append("\ufffd" if "\ud800" <= character <= "\udfff" else character)
    folded = unicodedata.normalize("NFC", "".join(bare)).lower()
    # lower 在词尾给 ς, 也不展开 ß: 折叠不看位置
    return folded.replace("\u03c2", "\u03c3").replace("\u00df", "ss")
