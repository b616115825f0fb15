"""测试的环境: 装着的恰好是这个 Python 的锁里那些, 一个不多一个不少, 版本也相同。"""

from __future__ import annotations

import re
import sys
from importlib import metadata

from .paths import ROOT

LOCK = ROOT / "python_client" / "locks" / "test-{}.{}.txt".format(*sys.version_info[:2])
# 随 Python 来的, 不在锁里
BUNDLED = {"pip", "setuptools", "wheel"}
_PIN = re.compile(r"^([\w.-]+)==([\w.]+)(?: ; sys_platform == '(\w+)')?", re.MULTILINE)


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_装着的恰好是锁里的那些() -> None:
    locked = {
        _normalized(name): version
        for name, version, platform in _PIN.findall(LOCK.read_text(encoding="utf-8"))
        if platform in ("", sys.platform)
    }
    installed = {_normalized(each.metadata["Name"]): each.version for each in metadata.distributions()}
    assert {name: installed[name] for name in set(installed) - BUNDLED} == locked
    # 检查用的住在别处: 看不见测试的包, 也不被它们看见
    assert not {"mypy", "ruff"} & set(installed)
