"""收到的文件名: 不出文件夹, 每个系统都能用; 终端上的一行不会被文件名弄乱。"""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, Mapping

import pytest

from ..headless.file_names import candidates, clean_file_name
from ..headless.json_lines import encode_line
from ..headless.terminal import cut_to_width
from ..model.file_names import MAX_NAME_BYTES, disguised_extension, local_name, replace_specials
from .paths import ROOT

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
VECTORS = json.loads((ROOT / "src" / "test" / "vectors" / "file-names.json").read_text(encoding="utf-8"))


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
        ("a\nb\x00c\u202egnp.exe", "a_b_c_gnp.exe"),
        ("坏\ud800.txt", "坏_.txt"),
        ("反\\斜.txt", "反_斜.txt"),
        (FAMILY + ".png", FAMILY + ".png"),
        ("a.e\u200dxe", "a.e_xe"),
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


@pytest.mark.parametrize("vector", VECTORS["names"], ids=lambda vector: vector["raw"])
def test_与服务器的规矩相同(vector: Mapping[str, Any]) -> None:
    raw, clean = vector["raw"], vector["clean"]
    if clean is None:
        return
    # 存盘时只多一条: 避开设备名
    is_device = clean.split(".")[0].lower() in ("con", "nul", "com1")
    assert local_name(raw) == ("_" if is_device else "") + clean
    assert disguised_extension(raw) == vector["extension"]
    # 服务器清理过的, 再清理也不变
    assert replace_specials(clean) == clean


def test_截短不切开一个表情() -> None:
    assert local_name(FAMILY * 20 + ".png") == FAMILY * 7 + ".png"
    assert local_name("\U0001f1e8\U0001f1f3" * 40 + ".png") == "\U0001f1e8\U0001f1f3" * 24 + ".png"
    assert local_name("\U0001f44d\U0001f3fd" * 40 + ".png") == "\U0001f44d\U0001f3fd" * 24 + ".png"
    # 一个字就放不下
    assert len(local_name("x" + "\u0323" * 300 + ".png").encode("utf-8")) <= MAX_NAME_BYTES
