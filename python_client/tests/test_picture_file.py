"""别人给的图片: 只认五种格式, 像素有界; 别的格式的解码器连碰也不碰。"""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, UnidentifiedImageError

from ..picture_file import FORMATS, open_picture
from ..transfer.thumbnails import decode
from ..ui.errands import Errands
from ..ui.pasted_pictures import PastedPictures
from .test_layers_fast import PACKAGE, sources


def encoded(kind: str) -> bytes:
    body = BytesIO()
    Image.new("RGB", (8, 8), (10, 108, 116)).save(body, kind)
    return body.getvalue()


def huge_bmp(side: int) -> bytes:
    """只有头: 声称 side x side 像素。"""
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


@pytest.mark.parametrize("kind", FORMATS)
def test_认得的五种都打得开(kind: str) -> None:
    with open_picture(encoded(kind), 64) as image:
        assert (image.format, image.size) == (kind, (8, 8))


@pytest.mark.parametrize("kind", ["TIFF", "PPM", "TGA", "PCX", "SGI"])
def test_别的格式一律不认_缩略图与粘贴都是(kind: str, tmp_path: Path) -> None:
    body = encoded(kind)
    # Pillow 自己认得: 不写明格式就会去解码
    Image.open(BytesIO(body)).close()
    with pytest.raises(UnidentifiedImageError):
        decode(body)
    pictures = PastedPictures(Errands(1))
    with pytest.raises(OSError):
        pictures.save_encoded(body)
    pictures.close()


def test_声称的像素太多_还没有解码就拒绝() -> None:
    pictures = PastedPictures(Errands(1))
    for side in (9000, 40_000):
        with pytest.raises(ValueError):
            pictures.save_encoded(huge_bmp(side))
    pictures.close()


def test_只有一处打开图片() -> None:
    openers = {
        file.relative_to(PACKAGE).as_posix()
        for file in sources()
        if "Image.open(" in file.read_text(encoding="utf-8") and "tests" not in file.parts
    }
    assert openers == {"picture_file.py"}
