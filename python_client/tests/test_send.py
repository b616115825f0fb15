"""send: 真的进程, 真的服务器; 断线, 重启, 被杀之后都能送到。"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import PIPE
from typing import Iterator

import pytest

from .client_process import ClientProcess, environment, full_disk, run_client, unread_pipe
from .files import empty, random_bytes
from .gated_relay import GatedRelay
from .paths import ROOT
from .server import SluiceServer, free_port

LARGE_BYTES = 40 * 1024 * 1024
# 至少传了这么多才算 "中间", 字节
SOME_BYTES = 1024 * 1024
# 等服务器收到一部分的期限 (秒)
WAIT_S = 30


def sending(
    folder: Path, server: SluiceServer | GatedRelay, *words: str, stdout: int = PIPE
) -> ClientProcess:
    return ClientProcess(folder, "send", "--url", server.url, "--name", "张三", *words, stdout=stdout)


def write_random(path: Path, size: int) -> str:
    """随机内容; 返回 SHA-256。"""
    content = random_bytes(size)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def stop_midway(process: ClientProcess, gate: GatedRelay, server: SluiceServer) -> None:
    """等服务器收到一部分 (闸门放过的), 让客户端停住 (SIGSTOP), 再打开闸门。"""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if sum(path.stat().st_size for path in server.partials()) >= SOME_BYTES:
            process.send_signal(signal.SIGSTOP)
            gate.open()
            return
        # 文件变长没有事件可等
        time.sleep(0.002)
    raise AssertionError(f"服务器没有收到数据: {process.stderr}")


@pytest.fixture(scope="module")
def shared_slow() -> Iterator[SluiceServer]:
    with SluiceServer(FILES_CHUNK_BYTES="65536", FILES_WINDOW_BYTES="131072") as running:
        yield running


@pytest.fixture
def slow(shared_slow: SluiceServer) -> SluiceServer:
    """没有已发布的与未完成的文件, 正在运行。"""
    shared_slow.ensure_running()
    empty(shared_slow)
    return shared_slow


@pytest.fixture
def gate(slow: SluiceServer) -> Iterator[GatedRelay]:
    """到 slow 的网络。"""
    with GatedRelay(slow.port, 2 * SOME_BYTES) as relay:
        yield relay


def test_文字与大小文件按次序送到(tmp_path: Path, shared_server: SluiceServer) -> None:
    small, empty, large = tmp_path / "小.txt", tmp_path / "空.txt", tmp_path / "大.bin"
    hashes = [write_random(small, 1000), write_random(empty, 0), write_random(large, LARGE_BYTES)]
    with sending(
        tmp_path, shared_server, str(small), "--message", "三个文件", str(empty), str(large)
    ) as process:
        assert process.wait() == 0, process.stderr
    text, *files = process.messages()
    assert text == {"type": "text", "name": "张三", "message": "三个文件"}
    assert [file["originalName"] for file in files] == ["小.txt", "空.txt", "大.bin"]
    assert [file["sha256"] for file in files] == hashes
    first = files[0]["seq"]
    assert [file["seq"] for file in files] == [first, first + 1, first + 2]
    assert [Path(file["path"]) for file in files] == [small, empty, large]
    for file, sha256 in zip(files, hashes):
        published = shared_server.storage / "files" / file["url"].rsplit("/", 1)[1]
        assert hashlib.sha256(published.read_bytes()).hexdigest() == sha256
    assert [line for line in process.stderr if line.startswith("已发送")] != []


def test_服务器被_kill_9_之后接着送到(tmp_path: Path, gate: GatedRelay, slow: SluiceServer) -> None:
    large = tmp_path / "大.bin"
    sha256 = write_random(large, LARGE_BYTES)
    with sending(tmp_path, gate, str(large)) as process:
        stop_midway(process, gate, slow)
        slow.kill()
        process.send_signal(signal.SIGCONT)
        process.wait_stderr("正在重连")
        slow.start()
        assert process.wait() == 0, process.stderr
        (file,) = process.messages()
        assert file["sha256"] == sha256
        (published,) = slow.published()
        assert hashlib.sha256(published.read_bytes()).hexdigest() == sha256
        assert slow.partials() == []


def test_自己被_kill_9_之后再运行从断点继续(tmp_path: Path, gate: GatedRelay, slow: SluiceServer) -> None:
    large = tmp_path / "大.bin"
    sha256 = write_random(large, LARGE_BYTES)
    with sending(tmp_path, gate, str(large)) as first:
        stop_midway(first, gate, slow)
        first.send_signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
    (partial,) = slow.partials()
    # 发布只是改名: 同一个 inode 就是同一个上传从断点写完的
    inode = partial.stat().st_ino
    with sending(tmp_path, gate, str(large)) as second:
        assert second.wait() == 0, second.stderr
    (published,) = slow.published()
    assert hashlib.sha256(published.read_bytes()).hexdigest() == sha256
    assert published.stat().st_ino == inode
    assert slow.partials() == []


def test_传到一半收到_SIGTERM_留下记录(tmp_path: Path, gate: GatedRelay, slow: SluiceServer) -> None:
    large = tmp_path / "大.bin"
    sha256 = write_random(large, LARGE_BYTES)
    with sending(tmp_path, gate, str(large)) as first:
        stop_midway(first, gate, slow)
        first.send_signal(signal.SIGTERM)
        first.send_signal(signal.SIGCONT)
        assert first.wait() == 143
    assert first.stderr[-1] == "已中断, 再运行同一条命令会从断点继续"
    assert len(list((tmp_path / "uploads").glob("*.json"))) == 1
    assert len(slow.partials()) == 1
    with sending(tmp_path, gate, str(large)) as second:
        assert second.wait() == 0
    assert second.messages()[0]["sha256"] == sha256
    assert list((tmp_path / "uploads").iterdir()) == []


def test_只发命令行上说的_以前没有传完的别的文件不动(
    tmp_path: Path, gate: GatedRelay, slow: SluiceServer
) -> None:
    write_random(tmp_path / "大.bin", LARGE_BYTES)
    (tmp_path / "小.txt").write_text("小")
    with sending(tmp_path, gate, str(tmp_path / "大.bin")) as first:
        stop_midway(first, gate, slow)
    with sending(tmp_path, gate, str(tmp_path / "小.txt")) as second:
        assert second.wait() == 0
    assert [line["originalName"] for line in second.messages()] == ["小.txt"]
    assert (len(slow.published()), len(slow.partials())) == (1, 1)


def test_一个被拒其余照发_退出码是_1(tmp_path: Path, shared_server: SluiceServer) -> None:
    (tmp_path / "坏.exe").write_bytes(b"MZ")
    (tmp_path / "好.txt").write_text("好")
    with sending(tmp_path, shared_server, str(tmp_path / "坏.exe"), str(tmp_path / "好.txt")) as process:
        assert process.wait() == 1
    assert [line["originalName"] for line in process.messages()] == ["好.txt"]
    assert [line for line in process.stderr if line.startswith("没有发出 坏.exe: ")] != []


def test_太长的文字被拒_说明原因(tmp_path: Path, shared_server: SluiceServer) -> None:
    with sending(tmp_path, shared_server, "--message", "长" * 10_000) as process:
        assert process.wait() == 1
    assert process.stderr[-1].startswith("文字没有发出: ")
    assert process.stdout == []


def test_名字被占的退出码是_4_并给出建议(tmp_path: Path, shared_server: SluiceServer) -> None:
    with ClientProcess(tmp_path, "recv", "--no-files", "--url", shared_server.url, "--name", "王五") as other:
        other.wait_stderr("已连上")
        # 另一个人被杀之后名字还留着: 别的测试不能也用它
        words = ["send", "--url", shared_server.url, "--name", "王五", "--message", "嗨"]
        with ClientProcess(tmp_path, *words) as process:
            assert process.wait() == 4
    assert process.stderr[-1].startswith("名字 王五 不能用: ")
    assert "--name" in process.stderr[-1]


def test_没有服务器的退出码是_3(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for limit in ("0", "0.5"):
        process = run_client(tmp_path, "send", "--message", "嗨", "--url", url, "--connect-timeout", limit)
        assert process.wait() == 3
        assert process.stderr == [f"连不上 {url}: 连不上服务器, 请检查网络与地址"]


def test_不是水闸的服务器_马上说明(tmp_path: Path) -> None:
    class Other(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            """安静。"""

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{other.server_port}"
        process = run_client(tmp_path, "send", "--message", "嗨", "--url", url, "--log-level", "error")
        assert process.wait() == 3
        other.shutdown()
        thread.join()
    reason = "服务器不接受这个连接 (HTTP 404), 请确认地址是水闸的服务器"
    assert process.stderr == [f"连不上 {url}: {reason}"]


def test_还没有连上时_Ctrl_C_也马上结束(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    words = ["send", "--message", "嗨", "--url", url, "--connect-timeout", "60", "--log-level", "info"]
    with ClientProcess(tmp_path, *words) as process:
        process.wait_stderr("chat.unreachable")
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130


@pytest.mark.skipif(sys.platform == "win32", reason="没有伪终端")
def test_终端上的进度只占一行(tmp_path: Path, shared_server: SluiceServer) -> None:
    write_random(tmp_path / "大.bin", LARGE_BYTES)
    screen, terminal = os.openpty()
    words = ["send", "--url", shared_server.url, "--name", "张三", str(tmp_path / "大.bin")]
    process = subprocess.Popen(
        [sys.executable, "-m", "python_client", *words],
        cwd=ROOT,
        env=environment(tmp_path, {}),
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    shown = read_all(screen)
    assert process.wait(WAIT_S) == 0
    lines = shown.replace("\r\n", "\n").rstrip("\n").split("\n")
    # 慢的机器上要几秒, 那时说用了多久
    last = re.sub(r", 用时 \d+ 秒", "", lines[-1].split("\x1b[K")[-1])
    assert [*lines[:-1], last] == [lines[0], "已发送 大.bin (40 MB)"]
    assert "\r\x1b[K大.bin 0% 0 B / 40 MB" in shown


def read_all(descriptor: int) -> str:
    """读到伪终端的另一端都关上。"""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:
            # Linux 在另一端关上后给 EIO
            part = b""
        if not part:
            os.close(descriptor)
            return b"".join(parts).decode("utf-8")
        parts.append(part)


def test_中途断线太久的退出码是_3(tmp_path: Path, gate: GatedRelay, slow: SluiceServer) -> None:
    large = tmp_path / "大.bin"
    write_random(large, LARGE_BYTES)
    with sending(tmp_path, gate, str(large), "--timeout", "0.5") as process:
        stop_midway(process, gate, slow)
        slow.kill()
        process.send_signal(signal.SIGCONT)
        assert process.wait() == 3
        assert f"与 {gate.url} 的连接没有恢复" in process.stderr[-1]


def test_没有人读输出_该发的照发(tmp_path: Path, shared_server: SluiceServer) -> None:
    (tmp_path / "f.txt").write_text("照发")
    before = len(shared_server.published())
    words = ["--message", "一", str(tmp_path / "f.txt")]
    with unread_pipe() as stdout, sending(tmp_path, shared_server, *words, stdout=stdout) as process:
        assert process.wait() == 0
    assert len(shared_server.published()) == before + 1
    # 内部的日志不该出现
    assert [line.split(" ")[0] for line in process.stderr] == ["已连上", "已发送"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="没有 /dev/full")
def test_输出写不出去_该发的照发_但不说成功(tmp_path: Path, shared_server: SluiceServer) -> None:
    (tmp_path / "f.txt").write_text("照发")
    before = len(shared_server.published())
    words = ["--message", "一", str(tmp_path / "f.txt")]
    with full_disk() as stdout, sending(tmp_path, shared_server, *words, stdout=stdout) as process:
        assert process.wait() == 1
    assert len(shared_server.published()) == before + 1
    assert process.stderr.count("输出 (stdout) 写不出去: 磁盘已满") == 1
