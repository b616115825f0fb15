"""收到的文件在这台机器上叫什么: 绝不出文件夹, 不用已有的名字, 绝不是设备名, 不是隐藏文件。"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from ..model.file_names import local_name, shorten, split_suffix

# 同名的试到这么多个
MAX_SAME_NAME = 9999


def clean_file_name(original: str) -> str:
    """没有人看着就存下的名字: 比 local_name 再谨慎些。"""
    name = local_name(original)
    # 别人发来的 .bashrc, .htaccess 不能存下就生效
    if name.startswith("."):
        name = "_" + name[1:]
    # 以 .part 结尾的是半成品的位置: 以后来一个同名而没有这个结尾的, 会把它写坏
    if name.lower().endswith(".part"):
        name += "_"
    return shorten(name)


def candidates(name: str) -> Iterator[str]:
    """name, name (2), name (3) ……"""
    yield name
    stem, suffix = split_suffix(name)
    for number in range(2, MAX_SAME_NAME + 1):
        yield f"{stem} ({number}){suffix}"


def is_inside(target: Path, folder: Path) -> bool:
    """最后一道: 目标的上一级就是这个文件夹。"""
    return target.parent == folder and target.name not in ("", ".", "..")
