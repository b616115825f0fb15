"""启动之前的检查: Python 的版本, 依赖, Tk 与屏幕; 缺什么就用一行说明怎么装。只用 3.6 的语法。"""

import importlib
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import List, Mapping, Tuple

MINIMUM = (3, 8)
REQUIREMENTS = Path(__file__).resolve().parent / "requirements.txt"

# 模块与 pip 里的名字; 太旧的 websockets 没有 asyncio.client
_PACKAGES = (("websockets.asyncio.client", "websockets"), ("PIL.Image", "Pillow"))


def python_problem(version: Tuple[int, ...]) -> str:
    """版本太旧时的一行说明; 够新则为空。"""
    if tuple(version[:2]) >= MINIMUM:
        return ""
    wanted, found = (".".join(str(part) for part in numbers) for numbers in (MINIMUM, version[:3]))
    return f"水闸的客户端需要 Python {wanted} 或更新的版本, 这里是 {found} ({sys.executable})"


def packages_problem() -> str:
    """缺少依赖时的一行说明, 含安装的命令; 齐全则为空。"""
    missing = [name for module, name in _PACKAGES if not _can_import(module)]
    if not missing:
        return ""
    return f"缺少 {' 与 '.join(missing)}, 请运行: {_install_command()}"


def window_problem(environ: Mapping[str, str]) -> str:
    """开不了窗口时的一行说明; send 与 recv 不需要 Tk。"""
    if not _can_import("tkinter"):
        return f"缺少 tkinter, 开不了窗口: {tkinter_advice(sys.platform, _os_release())}"
    has_screen = sys.platform in ("win32", "darwin") or bool(environ.get("DISPLAY"))
    if not has_screen:
        return "没有图形界面 (DISPLAY 没有设置), 开不了窗口; 在终端里可以用 send 与 recv, 见 --help"
    return ""


def tkinter_advice(platform: str, os_release: str) -> str:
    """这个系统上装 tkinter 的办法; os_release 是 /etc/os-release 的内容。"""
    if platform == "win32":
        return "请重新运行 Python 的安装程序, 选 Modify, 勾上 tcl/tk and IDLE"
    if platform == "darwin":
        return "请运行: brew install python-tk@{}.{}".format(*sys.version_info[:2])
    families = {
        word.strip("\"'")
        for line in os_release.splitlines()
        if line.startswith(("ID=", "ID_LIKE="))
        for word in line.split("=", 1)[1].replace('"', "").split()
    }
    # 自己编译的 (pyenv 等) 用不上系统的包, 要装开发包再编译一次
    is_system = sys.base_prefix == "/usr"
    rebuild = "" if is_system else ", 然后重新编译这个 Python"
    for names, system_package, development_package in (
        ({"debian", "ubuntu"}, "sudo apt-get install python3-tk", "sudo apt-get install tk-dev"),
        ({"fedora", "rhel"}, "sudo dnf install python3-tkinter", "sudo dnf install tk-devel"),
        ({"suse", "opensuse"}, "sudo zypper install python3-tk", "sudo zypper install tk-devel"),
        ({"arch"}, "sudo pacman -S tk", "sudo pacman -S tk"),
    ):
        if names & families:
            return f"请运行: {system_package if is_system else development_package}{rebuild}"
    return "请安装系统里 Python 3 的 tkinter 包 (常叫 python3-tk 或 python3-tkinter)"


def _can_import(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        # 没有装, 或装的是别的 Python 的: 两样都是重装
        return False
    return True


def _install_command() -> str:
    here = Path.cwd()
    inside = here in REQUIREMENTS.parents
    requirements = str(REQUIREMENTS.relative_to(here) if inside else REQUIREMENTS)
    if not _is_externally_managed():
        return _quote([_python_name(), "-m", "pip", "install", "-r", requirements])
    # Debian 12 与 Homebrew 不让 pip 动系统的 Python (PEP 668)
    python = str(Path(".venv", "bin", "python"))
    make = _quote([_python_name(), "-m", "venv", ".venv"])
    install = _quote([python, "-m", "pip", "install", "-r", requirements])
    return f"{make} && {install} (以后用 {python} -m python_client 启动)"


def _is_externally_managed() -> bool:
    in_venv = sys.prefix != sys.base_prefix
    return not in_venv and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists()


def _python_name() -> str:
    # PATH 里的就是这个时写短名, 否则写全: 装到别的 Python 里没有用
    name = Path(sys.executable).name
    return name if shutil.which(name) == sys.executable else sys.executable


def _quote(words: List[str]) -> str:
    if sys.platform == "win32":
        return subprocess.list2cmdline(words)
    return " ".join(shlex.quote(word) for word in words)


def _os_release() -> str:
    try:
        return Path("/etc/os-release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        # 不是 Linux, 或没有这个文件: 给一般的建议
        return ""
