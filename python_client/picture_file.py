"""打开别人给的图片: 只认几种格式, 解码之前先看有多少像素。只有这里调用 Image.open。"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from PIL.Image import Image

# 已知的漏洞都在别的格式里 (PSD, FITS, TIFF, JPEG 2000, AVIF, EPS, PDF 等): 不写明的话, Pillow 凭内容挑一个解码器,
# 名字叫 .png 的也可能交给它们。Python 3.8 与 3.9 上的 Pillow 不再有修正, 全靠这一条
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")


@contextmanager
def open_picture(encoded: bytes, max_pixels: int) -> Iterator[Image]:
    """还没有解码的图。错误: OSError (不是这几种格式, 内容损坏), ValueError (像素超过 max_pixels)。"""
    # 用到才引入: 命令行不需要图片库, 省下它的内存
    from PIL import Image

    try:
        opened = Image.open(io.BytesIO(encoded), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ValueError(str(error)) from error
    with opened as image:
        # 小文件可以声称有几亿像素
        if image.width * image.height > max_pixels:
            raise ValueError(f"图片过大: {image.width}x{image.height}")
        yield image
