"""服务器清理改了文件名: 列表与命令行都说出最后的名字与原名; 收下的一方存得下。真服务器, 真文件。"""

from __future__ import annotations

from pathlib import Path

import pytest

from ..model.transfers import DONE, Transfer
from .chat import Chat, run
from .client_process import ClientProcess
from .files import make_file
from .server import SluiceServer
from .test_upload import upload

# 大于单帧的上限 (256 KiB): 走分片
LARGE = 300 * 1024
RAW, CLEAN = '报告 "终".txt', "报告 _终_.txt"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466.png"


def send(server: SluiceServer, path: Path, *, is_blind: bool = False) -> Transfer:
    """上传一个, 返回完成时的快照。"""
    finished: list[Transfer] = []

    async def test() -> None:
        async with Chat(server.url) as chat:
            chat.is_blind = is_blind
            uploads = upload(chat)
            (upload_id,) = uploads.add([path])
            finished.append(await chat.until_state(upload_id, DONE))
            await uploads.stop()

    run(test)
    return finished[0]


@pytest.mark.parametrize("is_blind", [False, True])
def test_单帧_凭广播或凭应答知道改了名(emptied_server: SluiceServer, tmp_path: Path, is_blind: bool) -> None:
    done = send(emptied_server, make_file(tmp_path, RAW, 100), is_blind=is_blind)
    assert (done.name, done.renamed_from) == (CLEAN, RAW)


def test_分片_秒传_都知道改了名(emptied_server: SluiceServer, tmp_path: Path) -> None:
    first = send(emptied_server, make_file(tmp_path, "大\\斜.bin", LARGE))
    assert (first.name, first.renamed_from, first.instant) == ("大_斜.bin", "大\\斜.bin", False)
    again = tmp_path / "又一份?.bin"
    again.write_bytes((tmp_path / "大\\斜.bin").read_bytes())
    second = send(emptied_server, again)
    assert (second.name, second.renamed_from, second.instant) == ("又一份_.bin", "又一份?.bin", True)


@pytest.mark.parametrize("name", [".gitignore", "CON.txt", FAMILY, "cafe\u0301.txt"])
def test_没有改的_只差_Unicode_写法的_不说(emptied_server: SluiceServer, tmp_path: Path, name: str) -> None:
    done = send(emptied_server, make_file(tmp_path, name, 100))
    assert (done.name, done.renamed_from) == (name, "")


def test_命令行说出改了的名字_收下的一方存得下(tmp_path: Path, shared_server: SluiceServer) -> None:
    names = {RAW: CLEAN, "CON.txt": "_CON.txt", ".gitignore": "_gitignore", FAMILY: FAMILY}
    files = [make_file(tmp_path, name, 10) for name in names]
    inbox = tmp_path / "收到"
    listening = ("recv", "--url", shared_server.url, "--name", "李四", "--folder", str(inbox))
    with ClientProcess(tmp_path, *listening, "--count", str(len(files))) as receiver:
        receiver.wait_stderr("已连上")
        sending = ("send", "--url", shared_server.url, "--name", "张三", *map(str, files))
        with ClientProcess(tmp_path, *sending) as sender:
            assert sender.wait() == 0, sender.stderr
        assert receiver.wait() == 0, receiver.stderr
    first, *others = sender.messages()
    assert (first["originalName"], first["renamedFrom"]) == (CLEAN, RAW)
    assert all("renamedFrom" not in other for other in others)
    assert any(f"文件名已改为此名, 原名 {RAW}" in line for line in sender.stderr)
    assert {path.name for path in inbox.iterdir()} == set(names.values())
