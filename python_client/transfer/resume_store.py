"""没有传完的上传的记录: 每个一个小文件, 带令牌所以只有自己能读; 每个一把锁, 同时只有一个实例在传。"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .file_lock import FileLock, try_lock
from .file_stamp import FileStamp

log = logging.getLogger(__name__)

MAX_RECORDS = 200
# 服务器保留未完成的上传 24 小时 (files.partialTtlHours)
_TTL_S = 24 * 3600
# 一条记录几百字节, 路径很长也不会到这里
_MAX_RECORD_BYTES = 64 * 1024


@dataclass(frozen=True)
class ResumeRecord:
    """base 是服务器; path 是绝对路径; started 是 Unix 秒。"""

    base: str
    path: str
    stamp: FileStamp
    upload_id: str
    resume_token: str
    started: float
    paused: bool = False


class ResumeStore:
    """方法都不抛错: 存不下只意味着重新启动后不能续传。可以在任何线程使用; 全部是小文件的读写。"""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "uploads"
        self._lock = threading.Lock()
        # 键是 uploadId; 至多与列表一样长
        self._held: dict[str, FileLock] = {}

    def save(self, record: ResumeRecord) -> None:
        """写下并锁住; 同一个 uploadId 的换成新的。"""
        with self._lock:
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if self._hold(record.upload_id):
                    self._write(record)
            except OSError as error:
                log.warning("resume.save error=%s", error)

    def remove(self, upload_id: str) -> None:
        with self._lock:
            self._delete(upload_id)

    def claim_all(self, base: str) -> list[ResumeRecord]:
        """这个服务器的, 没有别人在传的, 旧的在前; 从此归我们。"""
        with self._lock:
            records = [record for record in self._sweep() if record.base == base]
            return [record for record in records if self._claim(record)]

    def claim(self, base: str, path: str, stamp: FileStamp) -> ResumeRecord | None:
        """同一个文件的; 没有, 或别人正在传, 则 None。"""
        with self._lock:
            for record in self._sweep():
                is_same = (record.base, record.path, record.stamp) == (base, path, stamp)
                if is_same and self._claim(record):
                    return record
            return None

    def close(self) -> None:
        """记录留着, 锁全部放开。"""
        with self._lock:
            for lock in self._held.values():
                lock.release()
            self._held.clear()

    # ---- 以下都已拿着 self._lock ----

    def _claim(self, record: ResumeRecord) -> bool:
        """已归我们的不再给第二次。"""
        if record.upload_id in self._held:
            return False
        try:
            if not self._hold(record.upload_id):
                return False
        except OSError as error:
            log.warning("resume.lock error=%s", error)
            return False
        # 读到之后, 锁住之前, 别的实例可能刚好传完
        if self._path(record.upload_id).exists():
            return True
        self._held.pop(record.upload_id).release()
        return False

    def _hold(self, upload_id: str) -> bool:
        if upload_id not in self._held:
            lock = try_lock(self._folder / f"{upload_id}.lock")
            if lock is None:
                return False
            self._held[upload_id] = lock
        return True

    def _sweep(self) -> list[ResumeRecord]:
        """全部有效的记录, 旧的在前; 过期的, 坏的与多余的顺便删掉。"""
        records: list[ResumeRecord] = []
        for path in self._files("*.json"):
            record = self._read(path)
            if record is not None and record.started > time.time() - _TTL_S:
                records.append(record)
            else:
                self._drop(path.stem)
        records.sort(key=lambda record: record.started)
        for record in records[:-MAX_RECORDS]:
            self._drop(record.upload_id)
        self._sweep_leftovers()
        return records[-MAX_RECORDS:]

    def _sweep_leftovers(self) -> None:
        """崩溃留下的锁文件与写了一半的临时文件。"""
        for path in self._files("*.lock") + self._files("*.tmp"):
            if not self._path(path.stem).exists():
                self._drop(path.stem)

    def _drop(self, upload_id: str) -> None:
        """删掉不归任何人的; 别的实例正在用的留着。"""
        try:
            is_ours = self._hold(upload_id)
        except OSError as error:
            log.warning("resume.drop error=%s", error)
            return
        if is_ours:
            self._delete(upload_id)

    def _delete(self, upload_id: str) -> None:
        for path in (self._path(upload_id), self._folder / f"{upload_id}.tmp"):
            try:
                path.unlink()
            except FileNotFoundError:
                # 本来就没有
                continue
            except OSError as error:
                log.warning("resume.remove error=%s", error)
        lock = self._held.pop(upload_id, None)
        if lock is not None:
            lock.release()

    def _files(self, pattern: str) -> list[Path]:
        try:
            return sorted(self._folder.glob(pattern))
        except OSError as error:
            log.warning("resume.list error=%s", error)
            return []

    def _path(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.json"

    def _write(self, record: ResumeRecord) -> None:
        fields = {
            "base": record.base,
            "path": record.path,
            "size": record.stamp.size,
            "mtimeNs": record.stamp.mtime_ns,
            "uploadId": record.upload_id,
            "resumeToken": record.resume_token,
            "started": record.started,
            "paused": record.paused,
        }
        temporary = self._folder / f"{record.upload_id}.tmp"
        # 含令牌: 只有自己能读
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(fields, file)
        temporary.replace(self._path(record.upload_id))

    def _read(self, path: Path) -> ResumeRecord | None:
        try:
            with path.open("rb") as file:
                fields = json.loads(file.read(_MAX_RECORD_BYTES))
            return _record(fields, path.stem)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning("resume.damaged file=%s error=%r", path.name, error)
            return None


def _record(fields: dict[str, Any], name: str) -> ResumeRecord:
    # uploadId 会成为文件名: 只认 UUID, 而且与文件名相同
    if str(uuid.UUID(fields["uploadId"])) != name:
        raise ValueError("uploadId")
    return ResumeRecord(
        base=_text(fields["base"]),
        path=_text(fields["path"]),
        stamp=FileStamp(int(fields["size"]), int(fields["mtimeNs"])),
        upload_id=name,
        resume_token=_text(fields["resumeToken"]),
        started=float(fields["started"]),
        paused=fields.get("paused") is True,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("不是文字")
    return value
