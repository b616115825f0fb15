"""续传记录: 权限, 原子, 锁, 上限, 损坏的与过期的。"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path

from ..transfer.file_stamp import FileStamp
from ..transfer.resume_store import MAX_RECORDS, ResumeRecord, ResumeStore
from .paths import ROOT

BASE = "http://127.0.0.1:3000"


def record(path: str = "/a/b.bin", started: float | None = None) -> ResumeRecord:
    time_s = time.time() if started is None else started
    return ResumeRecord(BASE, path, FileStamp(10, 20), str(uuid.uuid4()), "令牌", time_s)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "uploads").iterdir())


def test_记下的由下一个实例接过去(tmp_path: Path) -> None:
    first, second = ResumeStore(tmp_path), ResumeStore(tmp_path)
    mine = record()
    first.save(mine)
    # 别的实例正在传
    assert second.claim_all(BASE) == []
    assert second.claim(BASE, mine.path, mine.stamp) is None
    # 自己的也不会给第二次
    assert first.claim_all(BASE) == []
    first.close()
    assert names(tmp_path) == [f"{mine.upload_id}.json"]
    assert second.claim_all("http://other") == []
    assert second.claim(BASE, mine.path, replace(mine.stamp, size=11)) is None
    assert second.claim(BASE, mine.path, mine.stamp) == mine
    second.remove(mine.upload_id)
    assert names(tmp_path) == []


def test_令牌只有自己能读(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    mine = record()
    store.save(mine)
    path = tmp_path / "uploads" / f"{mine.upload_id}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "uploads").stat().st_mode & 0o777 == 0o700
    store.close()


def test_另一个进程持有的锁在它被杀之后放开(tmp_path: Path) -> None:
    mine = record()
    store = ResumeStore(tmp_path)
    store.save(mine)
    store.close()
    script = (
        "import sys, pathlib\n"
        "from python_client.transfer.resume_store import ResumeStore\n"
        "store = ResumeStore(pathlib.Path(sys.argv[1]))\n"
        "print(len(store.claim_all(sys.argv[2])), flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path), BASE]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        assert store.claim_all(BASE) == []
        other.kill()
        other.wait()
    assert store.claim_all(BASE) == [mine]
    store.close()


def test_坏的与过期的丢掉(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    good, old = record(), record(started=time.time() - 25 * 3600)
    for each in (good, old):
        store.save(each)
    store.close()
    folder = tmp_path / "uploads"
    (folder / f"{uuid.uuid4()}.json").write_text("{")
    (folder / f"{uuid.uuid4()}.json").write_bytes(os.urandom(100))
    (folder / f"{uuid.uuid4()}.json").write_text('{"uploadId": 1}')
    (folder / f"{uuid.uuid4()}.json").write_text("[" * 50_000)
    (folder / "..json").write_text(json.dumps({"uploadId": "."}))
    (folder / f"{uuid.uuid4()}.lock").write_text("")
    (folder / f"{uuid.uuid4()}.tmp").write_text("写了一半")
    assert store.claim_all(BASE) == [good]
    store.close()
    assert names(tmp_path) == [f"{good.upload_id}.json"]


def test_至多二百条丢最旧的(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    now = time.time()
    records = [record(f"/{index}", now - 1000 + index) for index in range(MAX_RECORDS + 3)]
    for each in records:
        store.save(each)
    store.close()
    assert store.claim_all(BASE) == records[3:]
    store.close()
    assert len(names(tmp_path)) == MAX_RECORDS


def test_文件夹不可用时一切照常(tmp_path: Path) -> None:
    blocked = tmp_path / "文件"
    blocked.write_text("不是文件夹")
    store = ResumeStore(blocked)
    store.save(record())
    assert store.claim_all(BASE) == []
    store.remove(record().upload_id)
    store.close()
