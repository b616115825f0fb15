"""真服务器进程: 固定端口 (kill -9 之后还能在原处重启), 临时存储。"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from .paths import ROOT

MAIN = ROOT / "dist" / "main.js"
# 启动的期限 (秒)
START_S = 30
# 不在系统的临时端口之内: 那里的端口被 kill -9 之后约一分钟不能再监听
PORTS = range(20_000, 32_000)


class SluiceServer:
    """用作上下文; 环境变量以 SLUICE_ 之后的部分给出, 例如 FILE_BYTES='1000'。"""

    def __init__(self, **settings: str) -> None:
        self.storage = Path(tempfile.mkdtemp(prefix="sluice-test-"))
        self.port = free_port()
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """启动并等到开始监听; 已在运行时出错。"""
        assert self._process is None
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SLUICE_")}
        # 有的测试故意改坏已发布的文件: 不与后台校验赛跑
        environment["SLUICE_STORAGE_SCRUB_BYTES_PER_SECOND"] = "0"
        environment.update({f"SLUICE_{key}": value for key, value in self._settings.items()})
        environment.update(
            SLUICE_HOST="127.0.0.1",
            SLUICE_PORT=str(self.port),
            SLUICE_STORAGE=str(self.storage),
            SLUICE_LOG_PRETTY="never",
        )
        log = self.storage.with_suffix(".log").open("a+", encoding="utf-8")
        # 日志写进文件: 管道没有人读会堵住服务器
        start = log.tell()
        with log:
            self._process = subprocess.Popen(
                ["node", str(MAIN)], env=environment, cwd=ROOT, stdout=log, stderr=log, text=True
            )
        self._wait_listening(start)

    def ensure_running(self) -> None:
        """上一个测试可能停了它。"""
        if self._process is None:
            self.start()

    def kill(self) -> None:
        """kill -9, 等它消失。"""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, 优雅停止。"""
        self._end(signal.SIGTERM)

    def published(self) -> list[Path]:
        """已发布的文件。"""
        return sorted((self.storage / "files").iterdir())

    def partials(self) -> list[Path]:
        """未完成的上传。"""
        return sorted((self.storage / "partial").glob("*.part"))

    def log(self) -> str:
        return self.storage.with_suffix(".log").read_text(encoding="utf-8")

    def _wait_listening(self, start: int) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            # start 是字节: 日志里有汉字, 不能按字符切
            written = self.storage.with_suffix(".log").read_bytes()[start:]
            for line in written.decode("utf-8").splitlines():
                if line.startswith("{") and json.loads(line).get("event") == "listening":
                    return
            assert self._process is not None
            assert self._process.poll() is None, f"服务器没有启动: {self.log()}"
            time.sleep(0.02)
        raise AssertionError(f"服务器 {START_S} 秒内没有开始监听")

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(START_S)
        self._process = None

    def __enter__(self) -> SluiceServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self.storage, ignore_errors=True)
        self.storage.with_suffix(".log").unlink()


def free_port() -> int:
    """PORTS 里的一个空闲端口。"""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("没有空闲端口")
