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
# 看不见而类别不是 Cf 的: 空白字形与填充符, 默认不显示的, 变体选择符, 几乎没有宽度的空格, 以及给它们预留的码点
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200a\u202f\u205f\u2065\u2800\u303f\u3164"
    "\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufffc\U00013441\U00013442\U00016fe4\U0001d159\U000e0000-\U000e0fff]"
)
# 里面合法地含有变体选择符, ZWJ 或标签的表情: 键帽, 英格兰等三面旗, 其余。哪些算表情只是近似: 最后由服务器判断
_PICTURE = "[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]"
_DRESSED = _PICTURE + "(?:[\ufe0e\ufe0f]|[\U0001f3fb-\U0001f3ff])?"
_EMOJI = re.compile(
    "[0-9#*]\ufe0f\u20e3"
    "|\U0001f3f4\U000e0067\U000e0062"
    "(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
    f"|(?:{_DRESSED})(?:\u200d{_DRESSED})*"
)
# 阿拉伯文与印度各文字靠 ZWJ, ZWNJ 决定连写, 只在字与字之间
_JOINED = "[\u0600-\u077f\u08a0-\u08ff\u0900-\u0dff]"
_JOINER = re.compile(f"(?<={_JOINED})[\u200c\u200d](?={_JOINED})")


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
    if _has_unseen(name):
        raise InvalidNameError("用户名里有看不见的字符")
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


def _has_unseen(name: str) -> bool:
    # 表情里的空白字形也在那个范围里: 只替换带着附属字符的
    bare = _JOINER.sub("", _EMOJI.sub(_undress, name))
    return any(_UNSEEN.match(character) or unicodedata.category(character) == "Cf" for character in bare)


def _undress(emoji: re.Match[str]) -> str:
    text = emoji.group()
    return text if len(text) == 1 else "x"


def _is_visible(character: str) -> bool:
    # 没有分配的 (Cn) 算看得见: 旧的 Python 不认得新的文字与表情, 服务器认得
    return not character.isspace() and unicodedata.category(character) not in ("Mn", "Mc", "Me")
