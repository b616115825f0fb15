"""用 Pillow 画的小图: 圆角底, 圆点, 文件图标, 程序图标; 放大四倍再缩小, 边缘才平滑。"""

from __future__ import annotations

from PIL import Image, ImageDraw

from . import palette

_SCALE = 4


def rounded(size: tuple[int, int], radius: int, fill: str, outline: str = "") -> Image.Image:
    """宽高为 size 的圆角块; 圆角之外透明。"""
    width, height = size[0] * _SCALE, size[1] * _SCALE
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    ImageDraw.Draw(image).rounded_rectangle(
        (0, 0, width - 1, height - 1),
        radius * _SCALE,
        fill=fill,
        outline=outline or None,
        width=_SCALE if outline else 0,
    )
    return image.resize(size, Image.Resampling.LANCZOS)


def dot(size: int, color: str) -> Image.Image:
    """圆点, 四周留一像素。"""
    big = size * _SCALE
    image = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((_SCALE, _SCALE, big - _SCALE, big - _SCALE), fill=color)
    return image.resize((size, size), Image.Resampling.LANCZOS)


_KIND_COLORS = {
    "image": "#1a7f4b",
    "audio": "#8a3ffc",
    "video": "#a8326e",
    "document": "#1f5fbf",
    "spreadsheet": "#2f6b1f",
    "presentation": "#a04a12",
    "archive": "#8a5a00",
    "code": "#4d5d6d",
    "other": "#5f6f7f",
}
KINDS = tuple(_KIND_COLORS)


def file_icon(kind: str, size: int) -> Image.Image:
    """折角的纸, 颜色按类别。"""
    big = size * _SCALE
    image = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    left, right, fold = big * 0.18, big * 0.82, big * 0.28
    color = _KIND_COLORS.get(kind, _KIND_COLORS["other"])
    page = [(left, 0), (right - fold, 0), (right, fold), (right, big), (left, big)]
    draw.polygon(page, fill=color)
    draw.polygon([(right - fold, 0), (right, fold), (right - fold, fold)], fill="#ffffff90")
    for line in (0.5, 0.66, 0.82):
        draw.rectangle((big * 0.3, big * line, big * 0.7, big * (line + 0.05)), fill="#ffffffd0")
    return image.resize((size, size), Image.Resampling.LANCZOS)


def arrow(size: int, color: str, up: bool) -> Image.Image:
    """传输的方向。"""
    big = size * _SCALE
    image = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.polygon([(big * 0.5, big * 0.1), (big * 0.88, big * 0.52), (big * 0.12, big * 0.52)], fill=color)
    draw.rectangle((big * 0.38, big * 0.45, big * 0.62, big * 0.9), fill=color)
    small = image.resize((size, size), Image.Resampling.LANCZOS)
    return small if up else small.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def app_icon(size: int) -> Image.Image:
    """水闸: 圆角方块, 一道闸门, 三道水波。"""
    big = size * _SCALE
    image = rounded((size, size), size // 5, palette.ACCENT).resize((big, big), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(image)
    unit = big / 16
    draw.rectangle((unit * 3, unit * 3, unit * 4.5, unit * 13), fill="#ffffff")
    draw.rectangle((unit * 11.5, unit * 3, unit * 13, unit * 13), fill="#ffffff")
    draw.rectangle((unit * 3, unit * 3, unit * 13, unit * 4.6), fill="#ffffff")
    for row, color in ((7, "#8fd3d3"), (9.4, "#bfe6e6"), (11.8, "#ffffff")):
        draw.rounded_rectangle(
            (unit * 5.3, unit * row, unit * 10.7, unit * (row + 1.2)), unit * 0.6, fill=color
        )
    return image.resize((size, size), Image.Resampling.LANCZOS)
