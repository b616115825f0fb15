"""通用的设置: 命令行 > 环境变量 > 上次记住的 > 缺省; 以及配置文件夹与其中的 settings.json。"""

from __future__ import annotations

import getpass
import json
import logging
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

from .model.os_errors import describe_os_error, short_path
from .protocol.address import InvalidAddressError, ServerAddress, parse_address
from .protocol.user_name import InvalidNameError, clean_user_name

log = logging.getLogger(__name__)

DEFAULT_URL = "http://localhost:3000"
LOG_LEVELS = ("debug", "info", "warning", "error")
DEFAULT_LOG_LEVEL = "warning"
# 通用选项的名字 -> 环境变量
VARIABLES: Mapping[str, str] = {
    "url": "SLUICE_CLIENT_URL",
    "name": "SLUICE_CLIENT_NAME",
    "log_level": "SLUICE_CLIENT_LOG_LEVEL",
    "config_folder": "SLUICE_CLIENT_CONFIG_FOLDER",
}
_PREFIX = "SLUICE_CLIENT_"
_FILE = "settings.json"
# 正常的不到 1 KiB; 更大的不是我们写的
_MAX_FILE_BYTES = 64 * 1024


class UsageError(ValueError):
    """参数或环境不对; 说明就是给用户看的一行。"""


@dataclass(frozen=True)
class Remembered:
    """上次进入聊天时的名字与地址; 没有则为空。"""

    name: str = ""
    url: str = ""


@dataclass(frozen=True)
class Settings:
    """name: 命令行或环境给出的, 没有则为 None; suggested_name: 上次的, 或系统的用户名, 可能为空。

    folder: 可写的配置文件夹, None 则什么都不记。warning: 给用户看的一行, 没有则为空。
    """

    address: ServerAddress
    name: str | None
    suggested_name: str
    folder: Path | None
    warning: str = ""


def merge(given: Mapping[str, str], environ: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    """通用选项 -> (值, 从哪里来); 空的环境变量等于没有设。不认识的 SLUICE_CLIENT_* 抛 UsageError。"""
    known = set(VARIABLES.values())
    for variable in environ:
        if variable.startswith(_PREFIX) and variable not in known:
            raise UsageError(f"不认识的环境变量 {variable}, 可用的有 {', '.join(sorted(known))}")
    merged = {}
    for option, variable in VARIABLES.items():
        if option in given:
            merged[option] = (given[option], f"--{option.replace('_', '-')}")
        elif environ.get(variable):
            merged[option] = (environ[variable], f"环境变量 {variable}")
    return merged


def log_level(merged: Mapping[str, tuple[str, str]]) -> str:
    level, origin = merged.get("log_level", (DEFAULT_LOG_LEVEL, ""))
    if level.lower() not in LOG_LEVELS:
        raise UsageError(f"{origin} 应是 {', '.join(LOG_LEVELS)} 之一, 而不是 {level}")
    return level.lower()


def load_settings(merged: Mapping[str, tuple[str, str]], environ: Mapping[str, str]) -> Settings:
    """副作用: 建立配置文件夹。地址或名字不对抛 UsageError。"""
    folder, warning = _open_folder(merged, environ)
    remembered = Remembered() if folder is None else load_remembered(folder)
    return Settings(
        address=_address(merged, remembered),
        name=_name(merged),
        suggested_name=remembered.name or _login_name(),
        folder=folder,
        warning=warning,
    )


def _address(merged: Mapping[str, tuple[str, str]], remembered: Remembered) -> ServerAddress:
    if "url" in merged:
        written, origin = merged["url"]
        try:
            return parse_address(written)
        except InvalidAddressError as error:
            raise UsageError(f"{origin}: {error}") from error
    return parse_address(remembered.url or DEFAULT_URL)


def _name(merged: Mapping[str, tuple[str, str]]) -> str | None:
    if "name" not in merged:
        return None
    written, origin = merged["name"]
    try:
        return clean_user_name(written)
    except InvalidNameError as error:
        raise UsageError(f"{origin}: {error}") from error


def _login_name() -> str:
    try:
        return clean_user_name(getpass.getuser())
    except (InvalidNameError, ImportError, KeyError, OSError) as error:
        # 容器里的用户可能没有名字; Windows 没有 pwd 模块
        log.debug("settings.no_login_name error=%r", error)
        return ""


# ---- 配置文件夹 ----


def config_folder(environ: Mapping[str, str], platform: str, home: Path) -> Path:
    """这个系统习惯的位置。"""
    if platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "Sluice"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "Sluice"
    # XDG 规定: 相对路径视为没有设
    base = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else home / ".config") / "sluice"


def _open_folder(
    merged: Mapping[str, tuple[str, str]], environ: Mapping[str, str]
) -> tuple[Path | None, str]:
    """可写的文件夹, 或 None 与一行警告: 没有它只是不记事, 不妨碍使用。"""
    try:
        folder = (
            Path(merged["config_folder"][0]).expanduser()
            if "config_folder" in merged
            else config_folder(environ, sys.platform, Path.home())
        )
        # 里面有续传的凭据, 别的用户不该看见
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder.absolute(), ""
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: 找不到家目录; ValueError: 路径里有空字符
        where = short_path(getattr(error, "filename", None) or "")
        log.info("settings.folder_unusable error=%r", error)
        return (
            None,
            f"写不进配置文件夹 {where} ({describe_os_error(error)}): 不会记住名字, 程序重启之后也不能续传",
        )


def load_remembered(folder: Path) -> Remembered:
    """没有或损坏的文件当作没有记住。"""
    try:
        with (folder / _FILE).open("rb") as file:
            fields = json.loads(file.read(_MAX_FILE_BYTES).decode("utf-8"))
        remembered = Remembered(clean_user_name(fields["name"]), fields["url"])
        parse_address(remembered.url)
    except FileNotFoundError:
        return Remembered()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # 手改坏了, 或写了一半的磁盘故障: 不值得因此拒绝启动
        log.warning("settings.damaged file=%s error=%r", folder / _FILE, error)
        return Remembered()
    return remembered


def save_remembered(folder: Path, remembered: Remembered) -> None:
    """先写旁边再改名: 断电也不会留下半个文件。写不进只记日志。"""
    temporary = folder / f"{_FILE}.{os.getpid()}.tmp"
    fields = {"name": remembered.name, "url": remembered.url}
    try:
        temporary.write_text(json.dumps(fields, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(folder / _FILE)
    except OSError as error:
        log.warning("settings.not_saved error=%r", error)
