"""设置的各层, 配置文件夹与 settings.json。"""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from ..settings import (
    DEFAULT_URL,
    Remembered,
    UsageError,
    config_folder,
    load_remembered,
    load_settings,
    log_level,
    merge,
    save_remembered,
)


def test_命令行压过环境变量_环境变量压过记住的(tmp_path: Path) -> None:
    save_remembered(tmp_path, Remembered("记住的", "http://remembered:1"))
    folder = {"SLUICE_CLIENT_CONFIG_FOLDER": str(tmp_path)}
    remembered = load_settings(merge({}, folder), {})
    assert (remembered.address.base, remembered.name) == ("http://remembered:1", None)
    assert remembered.suggested_name == "记住的"

    environ = {**folder, "SLUICE_CLIENT_URL": "http://environment:2", "SLUICE_CLIENT_NAME": "环境"}
    from_environ = load_settings(merge({}, environ), {})
    assert (from_environ.address.base, from_environ.name) == ("http://environment:2", "环境")

    given = load_settings(merge({"url": "http://flag:3", "name": " 旗 "}, environ), {})
    assert (given.address.base, given.name) == ("http://flag:3", "旗")


def test_什么都没有时用缺省的地址(tmp_path: Path) -> None:
    assert load_settings(merge({"config_folder": str(tmp_path)}, {}), {}).address.base == DEFAULT_URL


def test_空的环境变量等于没有设() -> None:
    assert merge({}, {"SLUICE_CLIENT_URL": "", "SLUICE_CLIENT_NAME": ""}) == {}


def test_写错的环境变量不会悄悄失效() -> None:
    with pytest.raises(UsageError, match="SLUICE_CLIENT_NMAE"):
        merge({}, {"SLUICE_CLIENT_NMAE": "张三", "SLUICE_URL": "服务器的变量不管"})


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("url", "ftp://a", "--url: 服务器地址应以"),
        ("url", "http://a:99999", "--url: 服务器地址的端口不对"),
        ("name", "  ", "--name: 用户名不能为空"),
        ("name", "长" * 33, "--name: 用户名至多 32 个字符"),
    ],
)
def test_不对的值说明出自哪里(tmp_path: Path, option: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_settings(merge({option: value, "config_folder": str(tmp_path)}, {}), {})


def test_日志级别不分大小写_别的值拒绝() -> None:
    assert log_level(merge({}, {})) == "warning"
    assert log_level(merge({"log_level": "DEBUG"}, {})) == "debug"
    with pytest.raises(
        UsageError, match="环境变量 SLUICE_CLIENT_LOG_LEVEL 应是 debug, info, warning, error 之一"
    ):
        log_level(merge({}, {"SLUICE_CLIENT_LOG_LEVEL": "loud"}))


def test_配置文件夹在每个系统习惯的地方() -> None:
    home = Path("/home/z")
    assert config_folder({}, "linux", home) == home / ".config" / "sluice"
    assert config_folder({"XDG_CONFIG_HOME": "/x"}, "linux", home) == Path("/x/sluice")
    assert config_folder({"XDG_CONFIG_HOME": "x"}, "linux", home) == home / ".config" / "sluice"
    assert config_folder({}, "darwin", home) == home / "Library" / "Application Support" / "Sluice"
    assert config_folder({"APPDATA": "/r"}, "win32", home) == Path("/r/Sluice")
    assert config_folder({}, "win32", home) == home / "AppData" / "Roaming" / "Sluice"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows 没有这种权限位")
def test_新建的配置文件夹别人看不见(tmp_path: Path) -> None:
    settings = load_settings(merge({"config_folder": str(tmp_path / "a" / "b")}, {}), {})
    assert settings.folder == tmp_path / "a" / "b"
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_写不进配置文件夹只是警告(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("不是文件夹")
    settings = load_settings(merge({"config_folder": str(tmp_path / "file" / "sub")}, {}), {})
    assert settings.folder is None
    assert settings.warning.startswith("写不进配置文件夹")
    assert "\n" not in settings.warning


def test_记住的原样读回_不留临时文件(tmp_path: Path) -> None:
    save_remembered(tmp_path, Remembered("张三", "http://a:1"))
    save_remembered(tmp_path, Remembered("李四", "https://b"))
    assert load_remembered(tmp_path) == Remembered("李四", "https://b")
    assert [each.name for each in tmp_path.iterdir()] == ["settings.json"]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b'{"name":1,"url":2}',
        b'{"name":"a"}',
        b'{"name":"","url":"http://a"}',
        b'{"name":"a","url":"ftp://a"}',
        b"[" * 60_000,
        b'{"name":"a","url":"http://a", "x":"' + b"x" * 70_000 + b'"}',
    ],
)
def test_损坏的文件当作没有记住(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(damaged)
    assert load_remembered(tmp_path) == Remembered()


def test_写不下设置不妨碍使用(tmp_path: Path) -> None:
    save_remembered(tmp_path / "没有这个文件夹", Remembered("张三", "http://a:1"))
    assert load_remembered(tmp_path / "没有这个文件夹") == Remembered()
