"""send: 真的进程, 真的服务器; 断线, 重启, 被杀之后都能送到。"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

from .client_process import ClientProcess, run_client
from .server import SluiceServer, free_port

LARGE_BYTES = 40 * 1024 * 1024
# 至少传了这么多才算 "中间", 字节
SOME_BYTES = 1024 * 1024
# 等服务器收到一部分的期限 (秒)
WAIT_S = 30


def sending(folder: Path, server: SluiceServer, *words: str, unread: bool = False) -> ClientProcess:
    return ClientProcess(folder, "send", "--url", server.url, "--name", "张三", *words, unread=unread)


def write_random(path: Path, size: int) -> str:
    """随机内容; 返回 SHA-256。"""
    content = os.urandom(size)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def stop_midway(process: ClientProcess, server: SluiceServer) -> None:
    """等服务器收到一部分, 让客户端停住 (SIGSTOP)。"""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if sum(path.stat().st_size for path in server.partials()) >= SOME_BYTES:
            process.send_signal(signal.SIGSTOP)
            assert server.partials(), "没有停在中间: 已经传完"
            return
        # 文件变长没有事件可等
        time.sleep(0.002)
    raise AssertionError(f"服务器没有收到数据: {process.stderr}")


def slow_server() -> SluiceServer:
    """窗口很小: 回环上也要传一会儿, 来得及停在中间。"""
    return SluiceServer(FILES_CHUNK_BYTES="65536", FILES_WINDOW_BYTES="131072")


def test_文字与大小文件按次序送到(tmp_path: Path, server: SluiceServer) -> None:
    small, empty, large = tmp_path / "小.txt", tmp_path / "空.txt", tmp_path / "大.bin"
    hashes = [write_random(small, 1000), write_random(empty, 0), write_random(large, LARGE_BYTES)]
    with sending(tmp_path, server, str(small), "--message", "三个文件", str(empty), str(large)) as process:
        assert process.wait() == 0, process.stderr
    text, *files = process.messages()
    assert text == {"type": "text", "name": "张三", "message": "三个文件"}
    assert [file["originalName"] for file in files] == ["小.txt", "空.txt", "大.bin"]
    assert [file["sha256"] for file in files] == hashes
    assert [file["seq"] for file in files] == [2, 3, 4]
    assert [Path(file["path"]) for file in files] == [small, empty, large]
    for file, sha256 in zip(files, hashes):
        published = server.storage / "files" / file["url"].rsplit("/", 1)[1]
        assert hashlib.sha256(published.read_bytes()).hexdigest() == sha256
    assert [line for line in process.stderr if line.startswith("已发送")] != []


def test_服务器被_kill_9_之后接着送到(tmp_path: Path) -> None:
    large = tmp_path / "大.bin"
    sha256 = write_random(large, LARGE_BYTES)
    with slow_server() as server, sending(tmp_path, server, str(large)) as process:
        stop_midway(process, server)
        server.kill()
        process.send_signal(signal.SIGCONT)
        process.wait_stderr("正在重连")
        server.start()
        assert process.wait() == 0, process.stderr
        (file,) = process.messages()
        assert file["sha256"] == sha256
        (published,) = server.published()
        assert hashlib.sha256(published.read_bytes()).hexdigest() == sha256
        assert server.partials() == []


def test_自己被_kill_9_之后再运行从断点继续(tmp_path: Path) -> None:
    large = tmp_path / "大.bin"
    sha256 = write_random(large, LARGE_BYTES)
    with slow_server() as server:
        with sending(tmp_path, server, str(large)) as first:
            stop_midway(first, server)
            first.send_signal(signal.SIGKILL)
            assert first.wait() == -signal.SIGKILL
        (partial,) = server.partials()
        # 发布只是改名: 同一个 inode 就是同一个上传从断点写完的
        inode = partial.stat().st_ino
        with sending(tmp_path, server, str(large)) as second:
            assert second.wait() == 0, second.stderr
        (published,) = server.published()
        assert hashlib.sha256(published.read_bytes()).hexdigest() == sha256
        assert published.stat().st_ino == inode
        assert server.partials() == []


def test_传到一半收到_SIGTERM_留下记录(tmp_path: Path) -> None:
    large = tmp_path / "大.bin"
    sha256 = write_random(large, LARGE_BYTES)
    with slow_server() as server:
        with sending(tmp_path, server, str(large)) as first:
            stop_midway(first, server)
            first.send_signal(signal.SIGTERM)
            first.send_signal(signal.SIGCONT)
            assert first.wait() == 143
        assert first.stderr[-1] == "已中断, 再运行同一条命令会从断点继续"
        assert len(list((tmp_path / "uploads").glob("*.json"))) == 1
        assert len(server.partials()) == 1
        with sending(tmp_path, server, str(large)) as second:
            assert second.wait() == 0
        assert second.messages()[0]["sha256"] == sha256
        assert list((tmp_path / "uploads").iterdir()) == []


def test_一个被拒其余照发_退出码是_1(tmp_path: Path, server: SluiceServer) -> None:
    (tmp_path / "坏.exe").write_bytes(b"MZ")
    (tmp_path / "好.txt").write_text("好")
    with sending(tmp_path, server, str(tmp_path / "坏.exe"), str(tmp_path / "好.txt")) as process:
        assert process.wait() == 1
    assert [line["originalName"] for line in process.messages()] == ["好.txt"]
    assert [line for line in process.stderr if line.startswith("没有发出 坏.exe: ")] != []


def test_太长的文字被拒_说明原因(tmp_path: Path, server: SluiceServer) -> None:
    with sending(tmp_path, server, "--message", "长" * 10_000) as process:
        assert process.wait() == 1
    assert process.stderr[-1].startswith("文字没有发出: ")
    assert process.stdout == []


def test_名字被占的退出码是_4_并给出建议(tmp_path: Path, server: SluiceServer) -> None:
    with ClientProcess(tmp_path, "recv", "--no-files", "--url", server.url, "--name", "张三") as other:
        other.wait_stderr("已连上")
        with sending(tmp_path, server, "--message", "嗨") as process:
            assert process.wait() == 4
    assert process.stderr[-1].startswith("名字 张三 不能用: ")
    assert "--name" in process.stderr[-1]


def test_没有服务器的退出码是_3(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for limit in ("0", "0.5"):
        process = run_client(tmp_path, "send", "--message", "嗨", "--url", url, "--connect-timeout", limit)
        assert process.wait() == 3
        assert process.stderr == [f"连不上 {url}: 连不上服务器, 请检查网络与地址"]


def test_中途断线太久的退出码是_3(tmp_path: Path) -> None:
    large = tmp_path / "大.bin"
    write_random(large, LARGE_BYTES)
    with slow_server() as server, sending(tmp_path, server, str(large), "--timeout", "0.5") as process:
        stop_midway(process, server)
        server.kill()
        process.send_signal(signal.SIGCONT)
        assert process.wait() == 3
        assert f"与 {server.url} 的连接没有恢复" in process.stderr[-1]


def test_没有人读输出_该发的照发(tmp_path: Path, server: SluiceServer) -> None:
    (tmp_path / "f.txt").write_text("照发")
    words = ["--message", "一", str(tmp_path / "f.txt")]
    with sending(tmp_path, server, *words, unread=True) as process:
        assert process.wait() == 0
    assert len(server.published()) == 1
