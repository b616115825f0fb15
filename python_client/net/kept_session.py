"""会话令牌留到下一次运行: 被杀, 断电之后名字还留给这个令牌; 别人也看得出还是同一个人 (from 不变)。"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

_FILE = "sessions.json"
# 留最近用过的这么多个 (服务器与名字)
_MAX_KEPT = 32
_MAX_FILE_BYTES = 64 * 1024


class KeptSession:
    """方法都不抛错: 存不下只意味着重新启动后是另一个人。folder 为 None 则什么都不留。"""

    def __init__(self, folder: Path | None, base: str) -> None:
        self._folder = folder
        self._base = base

    def load(self, name: str) -> str | None:
        """上一次在这个服务器以这个名字得到的; 不再有效的, 服务器当作新来的。"""
        return self._read().get(self._key(name))

    def save(self, name: str, token: str) -> None:
        """同样的不再写。几百字节, 一次加入至多写一次。"""
        if self._folder is None:
            return
        kept = self._read()
        key = self._key(name)
        if kept.pop(key, None) == token:
            return
        kept[key] = token
        try:
            self._write(self._folder, dict(list(kept.items())[-_MAX_KEPT:]))
        except OSError as error:
            log.warning("session.not_kept error=%r", error)

    def _key(self, name: str) -> str:
        return f"{self._base} {name}"

    def _read(self) -> dict[str, str]:
        if self._folder is None:
            return {}
        try:
            with (self._folder / _FILE).open("rb") as file:
                kept = json.loads(file.read(_MAX_FILE_BYTES))
            return {key: token for key, token in kept.items() if isinstance(token, str)}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            log.warning("session.damaged error=%r", error)
            return {}

    def _write(self, folder: Path, kept: dict[str, str]) -> None:
        temporary = folder / f"{_FILE}.{os.getpid()}.tmp"
        # 令牌就是身份: 只有自己能读
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(kept, file)
        temporary.replace(folder / _FILE)
