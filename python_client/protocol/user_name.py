"""用户名的规则, 同 src/protocol/user-name.ts: 发出之前就能说明哪里不对, 最后由服务器判断。"""

from __future__ import annotations

import re
import unicodedata

# 码点, 在 NFC 之后计数
MAX_NAME_CODE_POINTS = 32

# NFC 最多把几个单元并成一个; 远超此数的输入不值得做归一化 (UTF-16 单元, 与服务器同样计数)
_MAX_RAW_UNITS = 1024
# JavaScript 的 trim 去掉的; str.strip() 多去几个控制字符, 又不去 BOM
_TRIMMED = (
    "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
)
# 行分隔符, 双向控制 (Unicode 的 Bidi_Control): 会打乱界面或日志
_FORBIDDEN = re.compile("[\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# 看不见而类别又不是 Cf 或组合符号的: 空白字形, 默认不显示的字母, 以及给它们预留的码点
_BLANK = re.compile(
    "[\u2800\U0001d159\u115f\u1160\u3164\uffa0\u180f\u2065\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


class InvalidNameError(ValueError):
    """名字不合规则; 说明就是给用户看的一句。"""


def clean_user_name(raw: str) -> str:
    """合法的显示名: 去首尾空白, NFC, 1 到 32 个码点, 至少一个看得见的字符。不合法抛 InvalidNameError。"""
    units = raw.encode("utf-16-le", "surrogatepass")
    if len(units) > 2 * _MAX_RAW_UNITS:
        raise InvalidNameError("用户名太长")
    # 解回来: Tk 里拆成两个代理项的表情由此合成一个
    whole = units.decode("utf-16-le", "surrogatepass")
    name = unicodedata.normalize("NFC", whole.strip(_TRIMMED))
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
    if character.isspace() or _BLANK.match(character):
        return False
    # 没有分配的 (Cn) 算看得见: 旧的 Python 不认得新的文字与表情, 服务器认得
    return unicodedata.category(character) not in ("Cf", "Mn", "Mc", "Me")
