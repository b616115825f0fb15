"""收到的文件在这台机器上叫什么: 绝不出文件夹, 不用已有的名字, 绝不是设备名。"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Iterator

# 常见文件系统的上限是 255 字节; 留出 " (999)" 与 ".part"
MAX_NAME_BYTES = 200
# 同名的试到这么多个
MAX_SAME_NAME = 9999

# 任何系统上的路径分隔; Windows 还不许后面这些
_FORBIDDEN = re.compile(r'[/\\<>:"|?*]')
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])", re.IGNORECASE
)
_FALLBACK = "未命名"


def clean_file_name(original: str) -> str:
    """任何系统都能用的一个名字; 规则与服务器的相同, 但不信任它: 别人的服务器可能不守规则。"""
    last = re.split(r"[/\\]", original)[-1]
    visible = "".join(
        each for each in last if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
    # 末尾的点与空格 Windows 会悄悄去掉; 开头的点在别的系统上是隐藏文件
    name = _FORBIDDEN.sub("_", visible).strip().rstrip(". ")
    if name.startswith("."):
        name = "_" + name[1:]
    # 以 .part 结尾的是半成品的位置: 以后来一个同名而没有这个结尾的, 会把它写坏
    if name.lower().endswith(".part"):
        name += "_"
    if _DEVICE.fullmatch(name.split(".")[0].rstrip()):
        name = "_" + name
    return _shorten(name) or _FALLBACK


def candidates(name: str) -> Iterator[str]:
    """name, name (2), name (3) ……"""
    yield name
    stem, suffix = _split(name)
    for number in range(2, MAX_SAME_NAME + 1):
        yield f"{stem} ({number}){suffix}"


def is_inside(target: Path, folder: Path) -> bool:
    """最后一道: 目标的上一级就是这个文件夹。"""
    return target.parent == folder and target.name not in ("", ".", "..")


def _shorten(name: str) -> str:
    """至多 MAX_NAME_BYTES 字节, 不切断字符, 保留扩展名。"""
    stem, suffix = _split(name)
    room = max(1, MAX_NAME_BYTES - len(suffix.encode("utf-8")))
    return stem.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(". ") + suffix


def _split(name: str) -> tuple[str, str]:
    suffix = Path(name).suffix
    # 很长的不是扩展名, 是句子里的点
    if len(suffix.encode("utf-8")) > 32:
        suffix = ""
    return name[: len(name) - len(suffix)], suffix
