"""recv: 真的进程, 真的服务器; 消息逐行输出, 文件存好并核对。"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from .client_process import ClientProcess, full_disk, run_client, unread_pipe
from .files import random_bytes
from .server import SluiceServer

# 一个大文件: 走分片, 下载也看得到过程
LARGE_BYTES = 40 * 1024 * 1024


def listening(folder: Path, server: SluiceServer, *options: str, stdout: int = PIPE) -> ClientProcess:
    """已经加入的 recv; 配置与存文件的地方都在 folder 里。"""
    words = ["recv", "--url", server.url, "--name", "记录员", "--folder", str(folder / "收到"), *options]
    process = ClientProcess(folder, *words, stdout=stdout)
    process.wait_stderr("已连上")
    return process


def send(folder: Path, server: SluiceServer, *words: str) -> None:
    """一次成功的发送。"""
    process = run_client(folder, "send", "--url", server.url, "--name", "张三", *words)
    assert process.wait() == 0, process.stderr


def write_random(path: Path, size: int) -> str:
    """随机内容; 返回 SHA-256。"""
    content = random_bytes(size)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_文字与大小文件逐行输出并存好(tmp_path: Path, shared_server: SluiceServer) -> None:
    small, large = tmp_path / "小 文件.txt", tmp_path / "大.bin"
    hashes = [write_random(small, 1000), write_random(large, LARGE_BYTES)]
    with listening(tmp_path, shared_server, "--count", "3") as process:
        send(tmp_path, shared_server, "--message", "你好\n世界", str(small), str(large))
        assert process.wait() == 0
    text, *rest = process.messages()
    assert (text["type"], text["name"], text["message"]) == ("text", "张三", "你好\n世界")
    assert text.keys() == {"type", "id", "seq", "time", "name", "message", "from"}
    files = [line for line in rest if line["type"] == "file"]
    assert [line["originalName"] for line in files] == ["小 文件.txt", "大.bin"]
    assert [line["sha256"] for line in files] == hashes
    saved = {line["id"]: line for line in rest if line["type"] == "saved"}
    for file in files:
        outcome = saved[file["id"]]
        assert (outcome["sha256"], outcome["size"]) == (file["sha256"], file["size"])
        assert Path(outcome["path"]) == tmp_path / "收到" / file["originalName"]
        assert hashlib.sha256(Path(outcome["path"]).read_bytes()).hexdigest() == file["sha256"]
    assert len(list((tmp_path / "收到").iterdir())) == 2


def test_加入之前的只在要历史时才有_已有的不再下载(tmp_path: Path, server: SluiceServer) -> None:
    original = tmp_path / "a.txt"
    original.write_text("一")
    send(tmp_path, server, "--message", "以前的", str(original))
    with listening(tmp_path, server, "--count", "1") as fresh:
        send(tmp_path, server, "--message", "现在的")
        assert fresh.wait() == 0
    assert [line["message"] for line in fresh.messages()] == ["现在的"]

    for times in (1, 2):
        with listening(tmp_path, server, "--history", "--count", "3") as again:
            assert again.wait() == 0
        assert [line["type"] for line in again.messages()].count("saved") == 1
        assert [each.name for each in (tmp_path / "收到").iterdir()] == ["a.txt"], times

    # 同名而内容不同: 两个都留着
    original.write_text("二")
    with listening(tmp_path, server, "--count", "1") as other:
        send(tmp_path, server, str(original))
        assert other.wait() == 0
    contents = {each.name: each.read_text() for each in (tmp_path / "收到").iterdir()}
    assert contents == {"a.txt": "一", "a (2).txt": "二"}


def test_断线期间的消息补上_下载接着完成(tmp_path: Path, shared_server: SluiceServer) -> None:
    large = tmp_path / "大.bin"
    sha256 = write_random(large, LARGE_BYTES)
    with listening(tmp_path, shared_server, "--count", "2") as process:
        send(tmp_path, shared_server, str(large))
        process.wait_stdout('"file"')
        shared_server.kill()
        process.wait_stderr("正在重连")
        shared_server.start()
        process.wait_stderr("已重新连上")
        send(tmp_path, shared_server, "--message", "重启之后")
        assert process.wait() == 0
    assert [line["message"] for line in process.messages() if line["type"] == "text"] == ["重启之后"]
    assert hashlib.sha256((tmp_path / "收到" / "大.bin").read_bytes()).hexdigest() == sha256


def test_进出只在要求时输出(tmp_path: Path, shared_server: SluiceServer) -> None:
    (tmp_path / "f.txt").write_text("不保存")
    with listening(tmp_path, shared_server, "--presence", "--no-files", "--count", "3") as process:
        send(tmp_path, shared_server, "--message", "嗨", str(tmp_path / "f.txt"))
        # 第三条在他离开之后
        send(tmp_path, shared_server, "--message", "再见")
        assert process.wait() == 0
    lines = process.messages()
    assert {"type": "user_update", "action": "join", "name": "张三"} in lines
    assert {"type": "user_update", "action": "leave", "name": "张三"} in lines
    assert [line["type"] for line in lines if line["type"] != "user_update"] == ["text", "file", "text"]
    assert not (tmp_path / "收到").exists()


def test_安静够久就结束(tmp_path: Path, server: SluiceServer) -> None:
    (tmp_path / "f.txt").write_text("以前的")
    send(tmp_path, server, str(tmp_path / "f.txt"))
    with listening(tmp_path, server, "--history", "--idle", "0.5") as process:
        assert process.wait() == 0
    assert [line["type"] for line in process.messages()] == ["file", "saved"]


def test_信号让它干净地结束(tmp_path: Path, shared_server: SluiceServer) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with listening(tmp_path, shared_server) as process:
            process.send_signal(number)
            assert process.wait() == code
        assert process.stderr[-1].startswith("已中断")
        assert process.stdout == []


def test_读者先离开就安静地结束(tmp_path: Path, shared_server: SluiceServer) -> None:
    with unread_pipe() as stdout, listening(tmp_path, shared_server, stdout=stdout) as process:
        send(tmp_path, shared_server, "--message", "没有人读")
        assert process.wait() == 0
        assert all("Traceback" not in line for line in process.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="没有 /dev/full")
def test_磁盘满了写不出输出_说明原因_不说成功(tmp_path: Path, shared_server: SluiceServer) -> None:
    with full_disk() as stdout, listening(tmp_path, shared_server, stdout=stdout) as process:
        send(tmp_path, shared_server, "--message", "存不下")
        assert process.wait() == 1
    assert process.stderr[-1] == "输出 (stdout) 写不出去: 磁盘已满"


@pytest.mark.skipif(sys.platform != "linux", reason="要缩小管道")
def test_读者停住也能结束(tmp_path: Path, shared_server: SluiceServer) -> None:
    reader, writer = os.pipe()
    # F_SETPIPE_SZ: 一页就满
    fcntl.fcntl(writer, 1031, 4096)
    with listening(tmp_path, shared_server, "--no-files", stdout=writer) as process:
        os.close(writer)
        send(tmp_path, shared_server, "--message", "长" * 5000)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 143
    assert process.stderr[-1] == "已中断"
    os.close(reader)


def test_服务器上已没有的文件说明没有存成(tmp_path: Path, server: SluiceServer) -> None:
    (tmp_path / "f.txt").write_text("会被删掉")
    send(tmp_path, server, str(tmp_path / "f.txt"))
    for path in server.published():
        path.unlink()
    with listening(tmp_path, server, "--history", "--count", "1") as process:
        assert process.wait() == 1
    outcome = process.messages()[-1]
    assert (outcome["type"], outcome["originalName"], outcome["code"]) == ("save_failed", "f.txt", "gone")
    assert list((tmp_path / "收到").iterdir()) == []
