"""文件名的规矩, 同服务器的 src/files/naming.ts 与 special-characters.ts; 存盘的一方还要避开设备名。

服务器已清理过, 但不信任它: 别人的服务器可能不守规矩。src/test/vectors/file-names.json 核对两边相同。
"""

from __future__ import annotations

import re
import unicodedata

# 常见文件系统的上限是 255 字节; 留出 " (999)" 与 ".part"
MAX_NAME_BYTES = 200
_MAX_SUFFIX_BYTES = 32
_FALLBACK = "未命名"

# 真的路径: 盘符, UNC 或以分隔符开头, 或有一段是 ".."
_PATH = re.compile(r"[A-Za-z]:[/\\]|[/\\]|(?:.*[/\\])?\.\.(?:[/\\]|\Z)", re.DOTALL)
# NTFS 数据流: "a.exe::$DATA" 打开的就是 a.exe
_DATA_STREAM = re.compile(r":[^:]*:\$data.*", re.IGNORECASE | re.DOTALL)
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,16})\Z")
# Windows 把这些名字 (不管扩展名) 当作设备
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])", re.IGNORECASE
)

# Unicode 的 Default_Ignorable_Code_Point: 标准库没有这个属性
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_SELECTOR = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_UNSEEN = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufff9-\ufffb{_IGNORABLE}]")
# 非字符: 每个平面的最后两个, 与 FDD0 到 FDEF
_NONCHARACTER = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17)
)
_TAGGED_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
# 成组的旗留着; 零宽连接符与变体选择符另看依托
_FORBIDDEN = re.compile(
    f'({_TAGGED_FLAG})|(?![\u200c\u200d{_SELECTOR}])(?:{_UNSEEN.pattern}|[/\\\\<>:"|?*{_NONCHARACTER}])'
)
_LOOSE = re.compile(f"[\u200c\u200d{_SELECTOR}]")
_IS_SELECTOR = re.compile(f"[{_SELECTOR}]")
_IS_IGNORABLE = re.compile(f"[{_IGNORABLE}]")


def replace_specials(text: str) -> str:
    """每个特殊字符换成一个 "_"; 表情与文字自己要用的零宽字符留下, 没有依托的也换掉。"""
    plain = _FORBIDDEN.sub(lambda found: found.group(1) or "_", text)
    kept = _LOOSE.sub(lambda found: _unless_selector_is_loose(plain, found), plain)
    return _LOOSE.sub(lambda found: _unless_joiner_is_loose(kept, found), kept)


def local_name(original: str) -> str:
    """任何系统都存得下的一个名字: 没有路径, 不是设备名; 开头的点留着。"""
    text = unicodedata.normalize("NFC", original).lstrip()
    if _PATH.match(text):
        text = re.split(r"[/\\]", text)[-1]
    name = replace_specials(_trim(_DATA_STREAM.sub("", text)))
    if _DEVICE.fullmatch(name.split(".")[0].rstrip()):
        name = "_" + name
    return shorten(name) or _FALLBACK


def disguised_extension(name: str) -> str:
    """拦不拦所看的扩展名, 小写, 不带点, 没有则为空: 全角当作半角, 看不见的当作没有。"""
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", name))
    found = _EXTENSION.search(_trim(_DATA_STREAM.sub("", plain)))
    return found.group(1).lower() if found else ""


def shorten(name: str) -> str:
    """至多 MAX_NAME_BYTES 字节, 保留扩展名, 不切开一个表情。"""
    if len(_bytes(name)) <= MAX_NAME_BYTES:
        return name
    stem, suffix = split_suffix(name)
    return _trim(_cut(stem, MAX_NAME_BYTES - len(_bytes(suffix)))) + suffix


def split_suffix(name: str) -> tuple[str, str]:
    """主名与扩展名 (含点); 很长的不是扩展名, 是句子里的点。"""
    stem, dot, extension = name.rpartition(".")
    if not stem or not extension or len(_bytes(extension)) >= _MAX_SUFFIX_BYTES:
        return name, ""
    return stem, dot + extension


def _trim(text: str) -> str:
    """去首尾的空白与结尾的点; JavaScript 的空白还有 BOM。"""
    start, end = 0, len(text)
    while end > 0 and (text[end - 1] in ".\ufeff" or text[end - 1].isspace()):
        end -= 1
    while start < end and (text[start] == "\ufeff" or text[start].isspace()):
        start += 1
    return text[start:end]


def _unless_selector_is_loose(text: str, found: re.Match[str]) -> str:
    mark, place = found.group(), found.start()
    if not _IS_SELECTOR.match(mark):
        return mark
    before = text[place - 1 : place]
    # 键帽: 1 加 U+FE0F 加 U+20E3
    is_keycap = (
        mark == "\ufe0f" and before in tuple("0123456789#") and text[place + 1 : place + 2] == "\u20e3"
    )
    is_held = before > "\x7f" and not before.isspace() and not _IS_IGNORABLE.match(before)
    return mark if is_keycap or is_held else "_"


def _unless_joiner_is_loose(text: str, found: re.Match[str]) -> str:
    mark, place = found.group(), found.start()
    if _IS_SELECTOR.match(mark):
        return mark
    before = text[place - 1 : place]
    if before <= "\x7f":
        return "_"
    # 字母, 附标, 表情 (So 与肤色 Sk 是它们的近似), 变体选择符
    is_held = _IS_SELECTOR.match(before) or (
        unicodedata.category(before)[0] in "LMS" and not _IS_IGNORABLE.match(before)
    )
    return mark if is_held else "_"


def _cut(stem: str, room: int) -> str:
    used, end = 0, 0
    for character in stem:
        used += len(_bytes(character))
        if used > room:
            break
        end += 1
    whole = end
    while whole > 0 and whole < len(stem) and _is_joined(stem, whole):
        whole -= 1
    # 一个字就放不下: 只好在它中间切
    return stem[:whole] or stem[:end]


def _is_joined(text: str, place: int) -> bool:
    """在 place 处切, 会切开看上去的一个字。"""
    after = text[place]
    if text[place - 1] == "\u200d" or after in "\u200c\u200d" or _is_emoji_tail(after):
        return True
    flags = 0
    while flags < place and "\U0001f1e6" <= text[place - 1 - flags] <= "\U0001f1ff":
        flags += 1
    # 两个地区字母是一面旗
    return flags % 2 == 1 and "\U0001f1e6" <= after <= "\U0001f1ff"


def _is_emoji_tail(character: str) -> bool:
    is_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    is_tag = "\U000e0020" <= character <= "\U000e007f"
    return is_tone or is_tag or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
