"""用户名的规则, 同 src/protocol/user-name.ts: 发出之前就能说明哪里不对, 最后由服务器判断。"""

from __future__ import annotations

import re
import unicodedata

# 码点, 在 NFC 之后计数
MAX_NAME_CODE_POINTS = 32

# NFC 最多把几个单元并成一个; 远超此数的输入不值得做归一化
_MAX_RAW_LENGTH = 1024
# 行分隔符, 双向控制 (Unicode 的 Bidi_Control): 会打乱界面或日志
_FORBIDDEN = re.compile("[\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# 有字形却空白, 或默认不显示而类别不是 Cf 的
_BLANK = frozenset("\u2800\U0001d159\u115f\u1160\u17b4\u17b5\u3164\uffa0\u034f")


class InvalidNameError(ValueError):
    """名字不合规则; 说明就是给用户看的一句。"""


def clean_user_name(raw: str) -> str:
    """合法的显示名: 去首尾空白, NFC, 1 到 32 个码点, 至少一个看得见的字符。不合法抛 InvalidNameError。"""
    if len(raw) > _MAX_RAW_LENGTH:
        raise InvalidNameError("用户名太长")
    # JavaScript 的 trim 还去掉 BOM
    name = unicodedata.normalize("NFC", raw.strip(" \t\n\v\f\r\u00a0\u1680\u2000-\u200a\ufeff").strip())
    if not name:
        raise InvalidNameError("用户名不能为空")
    if _FORBIDDEN.search(name) or any(_is_forbidden(character) for character in name):
        raise InvalidNameError("用户名不能含控制字符")
    if not any(_is_visible(character) for character in name):
        raise InvalidNameError("用户名里没有看得见的字符")
    if len(name) > MAX_NAME_CODE_POINTS:
        raise InvalidNameError(f"用户名至多 {MAX_NAME_CODE_POINTS} 个字符")
    return name


def _is_forbidden(character: str) -> bool:
    code = ord(character)
    # 非字符: U+FDD0..U+FDEF 与每个平面的最后两个
    is_noncharacter = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return is_noncharacter or unicodedata.category(character) in ("Cc", "Cs")


def _is_visible(character: str) -> bool:
    if character.isspace() or character in _BLANK:
        return False
    return unicodedata.category(character) not in ("Cf", "Mn", "Mc", "Me", "Cn") or _is_new_emoji(character)


def _is_new_emoji(character: str) -> bool:
    # 旧的 Python 不认得新的表情 (类别为 Cn); 服务器认得, 这里放行
    return ord(character) >= 0x1F000
