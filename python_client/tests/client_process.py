"""真的 python -m python_client 进程: 一行一行地读它的输出, 等到某一行出现。"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Iterator, Mapping

from .paths import ROOT

# 等一行, 等结束的期限 (秒); 平常远用不到
WAIT_S = 60


class ClientProcess:
    """用作上下文: 离开时还在运行就 kill -9。folder 是它的配置文件夹; stdout 不是 PIPE 时不读它。"""

    def __init__(
        self, folder: Path, *arguments: str, stdout: int = subprocess.PIPE, **variables: str
    ) -> None:
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "python_client", *arguments],
            cwd=ROOT,
            env=environment(folder, variables),
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._readers = [self._read(self._process.stderr, self.stderr)]
        if stdout == subprocess.PIPE:
            self._readers.append(self._read(self._process.stdout, self.stdout))

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_stderr(self, part: str) -> str:
        """stderr 上含 part 的一行。"""
        return self._wait_line(self.stderr, part)

    def wait_stdout(self, part: str) -> dict[str, Any]:
        """stdout 上含 part 的一行, 解开 JSON。"""
        found: dict[str, Any] = json.loads(self._wait_line(self.stdout, part))
        return found

    def messages(self) -> list[dict[str, Any]]:
        """stdout 的全部; 结束之后再用。"""
        return [json.loads(line) for line in self.stdout]

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """退出码; 输出都已读完。"""
        code = self._process.wait(WAIT_S)
        for reader in self._readers:
            reader.join(WAIT_S)
        return code

    def _read(self, stream: IO[str] | None, lines: list[str]) -> threading.Thread:
        assert stream is not None

        def read() -> None:
            for line in stream:
                with self._changed:
                    lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
            stream.close()
            with self._changed:
                self._changed.notify_all()

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def _wait_line(self, lines: list[str], part: str) -> str:
        def found() -> list[str]:
            return [line for line in lines if part in line]

        def settled() -> bool:
            return bool(found()) or not any(reader.is_alive() for reader in self._readers)

        with self._changed:
            self._changed.wait_for(settled, WAIT_S)
            assert found(), f"没有等到 {part}: {self.stdout} {self.stderr}"
            return found()[0]

    def __enter__(self) -> ClientProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.wait()


@contextmanager
def unread_pipe() -> Iterator[int]:
    """读者已经离开的管道的写端。"""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextmanager
def full_disk() -> Iterator[int]:
    """写什么都是 "磁盘已满"。"""
    writer = os.open("/dev/full", os.O_WRONLY)
    yield writer
    os.close(writer)


def environment(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """没有外面的 SLUICE_*; 配置文件夹是测试自己的。"""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SLUICE_")}
    return {**kept, "SLUICE_CLIENT_CONFIG_FOLDER": str(folder), **variables}


def run_client(folder: Path, *arguments: str, **variables: str) -> ClientProcess:
    """运行到结束; 退出码由 wait() 取得。"""
    with ClientProcess(folder, *arguments, stdout=subprocess.PIPE, **variables) as process:
        process.wait()
        return process
