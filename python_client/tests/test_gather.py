"""收集要发送的文件: 文件夹的规矩, 地址的解析。"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ..model.transfers import MAX_TRANSFERS
from ..ui.file_uris import one_line, paths_in, selection_bytes, split_dropped
from ..ui.gather import gather


def _make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")


def test_文件夹里的都收_次序按名字_文件先于子文件夹(tmp_path: Path) -> None:
    _make(tmp_path, "单独.txt", "夹/b.txt", "夹/a/2.txt", "夹/a/1.txt", "夹/c/深/深.txt")
    found = gather([tmp_path / "单独.txt", tmp_path / "夹"])
    names = [path.relative_to(tmp_path).as_posix() for path in found.files]
    assert names == ["单独.txt", "夹/b.txt", "夹/a/1.txt", "夹/a/2.txt", "夹/c/深/深.txt"]
    assert found.note == ""


def test_隐藏的跳过_用户点名的除外(tmp_path: Path) -> None:
    _make(tmp_path, ".点名", "夹/.git/config", "夹/.DS_Store", "夹/看得见")
    found = gather([tmp_path / ".点名", tmp_path / "夹"])
    assert [path.name for path in found.files] == [".点名", "看得见"]


def test_空文件夹说一声(tmp_path: Path) -> None:
    (tmp_path / "空" / "里面也空").mkdir(parents=True)
    assert gather([tmp_path / "空"]).note == "文件夹里没有可以发送的文件"


def test_没有的文件留给上传去说明(tmp_path: Path) -> None:
    missing = [tmp_path / "没有", Path("名字里有\0")]
    assert gather(missing).files == missing


@pytest.mark.skipif(sys.platform == "win32", reason="符号链接要管理员")
def test_链接_不成环_只跟随到文件与用户点名的(tmp_path: Path) -> None:
    _make(tmp_path, "真/一.txt", "外面.txt", "别处/二.txt")
    (tmp_path / "真" / "环").symlink_to(tmp_path / "真", target_is_directory=True)
    (tmp_path / "真" / "别处").symlink_to(tmp_path / "别处", target_is_directory=True)
    (tmp_path / "真" / "外面.txt").symlink_to(tmp_path / "外面.txt")
    (tmp_path / "真" / "断了").symlink_to(tmp_path / "没有")
    os.mkfifo(tmp_path / "真" / "管道")
    (tmp_path / "点名").symlink_to(tmp_path / "真", target_is_directory=True)
    found = gather([tmp_path / "点名"])
    assert [path.name for path in found.files] == ["一.txt", "外面.txt"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root 什么都读得了")
def test_读不了的文件夹说一声_其余照发(tmp_path: Path) -> None:
    _make(tmp_path, "夹/好.txt", "夹/锁着/x")
    (tmp_path / "夹" / "锁着").chmod(0)
    found = gather([tmp_path / "夹"])
    (tmp_path / "夹" / "锁着").chmod(0o700)
    assert [path.name for path in found.files] == ["好.txt"]
    assert "1 个文件夹读不了" in found.note


def test_太多时只取前面的_并且说明(tmp_path: Path) -> None:
    _make(tmp_path, *(f"夹/{number:04}" for number in range(MAX_TRANSFERS + 3)))
    found = gather([tmp_path / "夹"])
    assert [path.name for path in found.files] == [f"{number:04}" for number in range(MAX_TRANSFERS)]
    assert found.note == f"文件太多, 这次只发送前 {MAX_TRANSFERS} 个"
    # 正好装下不算多
    for number in range(3):
        (tmp_path / "夹" / f"{number:04}").unlink()
    assert gather([tmp_path / "夹"]).note == ""


def test_看过的太多就停下(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("python_client.ui.gather._MAX_SEEN", 10)
    _make(tmp_path, *(f"夹/.隐藏{number}" for number in range(20)))
    found = gather([tmp_path / "夹"])
    assert found.files == []
    assert found.note == "文件夹里的东西太多, 只看了前 10 项, 发送 0 个文件"


@pytest.mark.skipif(sys.platform == "win32", reason="file: 地址只用在 X11 上")
def test_地址里的空格_中文_花括号与主机名() -> None:
    text = "# 注释\r\nfile:///a%20b/%E4%B8%AD%7B%7D.txt\r\nfile://localhost/c#d\r\nhttps://x.y/z\r\n\r\n"
    assert paths_in(text) == [Path("/a b/中{}.txt"), Path("/c")]
    assert paths_in("cut\nfile:///a\nfile:///b") == [Path("/a"), Path("/b")]
    assert paths_in("file://[坏/x") == []


def test_拖来的一列_链接不是文件() -> None:
    paths, links = split_dropped(["/a b", "https://x.y/z", "localhost/c", "HTTP://大写"])
    assert paths == [Path("/a b"), Path("/c")]
    assert links == ["https://x.y/z", "HTTP://大写"]


def test_Tk的十六进制写法与文字() -> None:
    assert selection_bytes("0x66 0x69 0xff ") == b"fi\xff"
    assert selection_bytes("0xzz 是文字") == "0xzz 是文字".encode()
    assert selection_bytes("") == b""


def test_换行成空格() -> None:
    assert one_line("一\r\n二\n三\r四") == "一 二 三 四"
