"""粘贴来的图片: 上传从磁盘读, 还会续传, 所以先存成文件; 传完或移除之后删掉。"""

from __future__ import annotations

import io
import logging
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from ..model.transfers import DONE, UP, Transfer
from ..picture_file import open_picture
from .errands import Errands

log = logging.getLogger(__name__)

# 与续传记录留的一样久 (秒)
KEEP_S = 24 * 3600
# 同服务器做缩略图的上限 (files.thumbPixels): 几块 8K 的屏幕也装得下, 解码后 256 MiB
_MAX_PIXELS = 64_000_000
_PREFIX = "截图 "
# 同一秒里粘贴的张数
_MAX_SAME_NAME = 100


class PastedPictures:
    """save_* 在后台线程里调用, 其余在界面线程里。"""

    def __init__(self, errands: Errands) -> None:
        self._errands = errands
        self._folder: Path | None = None
        # 没有配置文件夹时用的, 关窗口时整个删掉
        self._temporary: Path | None = None
        # 传输的编号 -> 它的图片; 与传输列表一样有界
        self._files: dict[str, Path] = {}

    def use_folder(self, config: Path | None) -> None:
        """副作用: 在后台删掉从前留下的旧图片。"""
        if config is not None:
            folder = self._folder = config / "pasted"
            self._errands.start("sweep", lambda: sweep(folder), lambda _: None)

    def save_image(self, image: Image.Image) -> Path:
        """错误: OSError 与 ValueError。"""
        encoded = io.BytesIO()
        image.save(encoded, "PNG")
        return self._write(encoded.getvalue())

    def save_encoded(self, encoded: bytes) -> Path:
        """PNG 原样留下, 别的格式转成 PNG。错误: OSError (含不是图片), ValueError (太大)。"""
        with open_picture(encoded, _MAX_PIXELS) as image:
            if image.format == "PNG":
                return self._write(encoded)
            return self.save_image(image)

    def transfer_changed(self, transfer: Transfer) -> None:
        if transfer.direction != UP or not self._is_own(Path(transfer.path)):
            return
        if transfer.state == DONE:
            self._files.pop(transfer.id, None)
            self._delete(Path(transfer.path))
        else:
            self._files[transfer.id] = Path(transfer.path)

    def transfer_removed(self, transfer_id: str) -> None:
        path = self._files.pop(transfer_id, None)
        # 同一个文件又加了一遍时, 旧的那项让位, 文件还在用
        if path is not None and path not in self._files.values():
            self._delete(path)

    def close(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _is_own(self, path: Path) -> bool:
        return path.name.startswith(_PREFIX) and path.parent in (self._folder, self._temporary)

    def _delete(self, path: Path) -> None:
        # 没有开始的, 一天之后由 sweep 删
        self._errands.start("unpaste", lambda: _unlink(path), lambda _: None)

    def _write(self, encoded: bytes) -> Path:
        path, file = _create(self._open_folder())
        try:
            with file:
                file.write(encoded)
        except OSError:
            # 磁盘满: 不留下半张图
            _unlink(path)
            raise
        return path

    def _open_folder(self) -> Path:
        if self._folder is not None:
            # 截图可能是私密的
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._folder
        if self._temporary is None:
            self._temporary = Path(tempfile.mkdtemp(prefix="sluice-"))
        return self._temporary


def sweep(folder: Path) -> None:
    """删掉太旧的: 那次上传已经不能续了。别的文件不碰。"""
    oldest = time.time() - KEEP_S
    try:
        old = [path for path in folder.glob(f"{_PREFIX}*.png") if path.lstat().st_mtime < oldest]
    except OSError as error:
        log.info("pasted_pictures.not_swept error=%s", error)
        return
    for path in old:
        _unlink(path)


def _create(folder: Path) -> tuple[Path, BinaryIO]:
    # 文件名里不用冒号: Windows 不许
    stem = _PREFIX + time.strftime("%Y-%m-%d %H.%M.%S")
    for number in range(1, _MAX_SAME_NAME + 1):
        path = folder / (f"{stem}.png" if number == 1 else f"{stem} ({number}).png")
        try:
            return path, path.open("xb")
        except FileExistsError:
            # 同一秒里的另一张, 可能还在传
            continue
    raise FileExistsError(f"{stem}.png")


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        # 已经没有了: 要的就是这样
        pass
    except OSError as error:
        log.info("pasted_pictures.not_deleted error=%s", error)
