"""别的程序给出的文件: text/uri-list, 拖来的一列名字, Tk 的十六进制写法; 只做解析, 不碰磁盘。"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence
from urllib.parse import unquote_to_bytes, urlsplit

# 拖来的网页链接也在文件的一列里
_LINKS = ("http://", "https://", "ftp://")


def paths_in(text: str) -> list[Path]:
    """一行一个 file: 地址; 注释, 网址与 gnome-copied-files 的第一行 (copy 或 cut) 不算。"""
    found = []
    for line in text.splitlines():
        path = _file_path(line.strip()) if line.startswith("file:") else ""
        if path:
            found.append(Path(path))
    return found


def _file_path(uri: str) -> str:
    try:
        # 主机名只会是自己的: file://localhost/x 与 file:///x 一样
        path = urlsplit(uri).path
    except ValueError:
        # 方括号不成对之类: 不是文件管理器写的
        return ""
    return os.fsdecode(unquote_to_bytes(path))


def split_dropped(items: Sequence[str]) -> tuple[list[Path], list[str]]:
    """拖来的一列 (已解码) -> 文件, 网页链接。"""
    links = [item for item in items if item.lower().startswith(_LINKS)]
    return [Path(_without_host(item)) for item in items if item not in links], links


def _without_host(item: str) -> str:
    # tkdnd 只去掉 file://, 主机名还在: localhost/home/x
    return item[len("localhost") :] if item.startswith("localhost/") else item


def selection_bytes(selected: str) -> bytes:
    """Tk 把不认识的类型写成 0x66 0x69 ...; 认识的 (STRING, UTF8_STRING) 就是文字。"""
    words = selected.split()
    try:
        if words and all(word.startswith("0x") for word in words):
            return bytes(int(word, 16) for word in words)
    except ValueError:
        # 碰巧像, 其实是文字
        pass
    return selected.encode("utf-8", "surrogateescape")


def one_line(text: str) -> str:
    """一行的输入框放不下换行 (显示成方块): 换成空格。"""
    return text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
