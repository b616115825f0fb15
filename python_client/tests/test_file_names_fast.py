"""收到的文件名: 不出文件夹, 每个系统都能用; 终端上的一行不会被文件名弄乱。"""

from __future__ import annotations

from itertools import islice

import pytest

from ..headless.file_names import MAX_NAME_BYTES, candidates, clean_file_name
from ..headless.json_lines import encode_line
from ..headless.terminal import cut_to_width


@pytest.mark.parametrize(
    ("original", "cleaned"),
    [
        ("报告.pdf", "报告.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\autoexec.bat", "autoexec.bat"),
        ("/", "未命名"),
        ("..", "未命名"),
        ("", "未命名"),
        (".bashrc", "_bashrc"),
        ("a:b*c?.txt", "a_b_c_.txt"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("LPT1.tar.gz", "_LPT1.tar.gz"),
        ("COM\u00b9", "_COM\u00b9"),
        ("CONSOLE.log", "CONSOLE.log"),
        ("x.PART", "x.PART_"),
        ("结尾. . ", "结尾"),
        ("a\nb\x00c\u202egnp.exe", "abcgnp.exe"),
        ("坏\ud800.txt", "坏.txt"),
    ],
)
def test_名字清理之后哪个系统都能用(original: str, cleaned: str) -> None:
    assert clean_file_name(original) == cleaned


def test_太长的名字截短_留住扩展名_不切断字符() -> None:
    name = clean_file_name("长" * 300 + ".tar.gz")
    assert name.endswith("长.tar.gz") or name.endswith("长.gz")
    assert len(name.encode("utf-8")) <= MAX_NAME_BYTES
    # 句子里的点不是扩展名
    assert len(clean_file_name("a. " + "b" * 500).encode("utf-8")) <= MAX_NAME_BYTES


def test_同名的依次编号() -> None:
    assert list(islice(candidates("a.txt"), 3)) == ["a.txt", "a (2).txt", "a (3).txt"]
    assert list(islice(candidates("没有扩展名"), 2)) == ["没有扩展名", "没有扩展名 (2)"]


def test_一行_JSON_总是_UTF_8_一行() -> None:
    assert encode_line({"a": "你好\n", "b": 1}) == '{"a":"你好\\n","b":1}\n'.encode()
    # 终端的控制码与别的换行也写成转义
    assert encode_line({"a": "\x9b2J\u2028"}) == b'{"a":"\\u009b2J\\u2028"}\n'
    # 不是 UTF-8 的路径: 写成 JSON 的转义, 仍是合法的 UTF-8
    assert encode_line({"path": "\udcff"}) == b'{"path":"\\udcff"}\n'


def test_进度截到终端的宽度() -> None:
    assert cut_to_width("abc", 3) == "abc"
    assert cut_to_width("abcd", 3) == "ab~"
    assert cut_to_width("电影.mkv", 5) == "电影~"
    assert cut_to_width("电影.mkv", 4) == "电~"
