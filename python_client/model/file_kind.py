"""文件是哪一类: 图标与类型名按它; 只看 MIME 与扩展名, 不看内容 (同 web/src/view/media/kind.ts)。"""

from __future__ import annotations

import re

IMAGE = "image"
OTHER = "other"

_EXTENSIONS = {
    "image": "jpg jpeg png gif webp avif bmp heic heif tif tiff ico psd",
    "audio": "mp3 wav flac m4a aac ogg opus wma amr",
    "video": "mp4 mov mkv webm avi m4v wmv mpg mpeg flv",
    "document": "pdf doc docx odt rtf txt md epub pages wps mobi ofd",
    "spreadsheet": "xls xlsx xlsm ods csv tsv numbers et",
    "presentation": "ppt pptx odp key pps ppsx dps",
    "archive": "zip rar 7z tar gz tgz bz2 xz zst lz4 iso dmg cab jar deb rpm",
    "code": "js mjs ts tsx jsx json html htm css scss xml svg yaml yml toml ini sh py go rs java kt c h cpp hpp cs"
    " rb php sql swift lua vue log ipynb",
}
_KIND_OF_EXTENSION = {item: kind for kind, items in _EXTENSIONS.items() for item in items.split()}
KIND_NAMES = {
    "image": "图片",
    "audio": "音频",
    "video": "视频",
    "document": "文档",
    "spreadsheet": "表格",
    "presentation": "演示文稿",
    "archive": "压缩包",
    "code": "代码",
    "other": "文件",
}


def kind_of(mime_type: str, name: str) -> str:
    """SVG 算代码: 服务器只当附件发, 不能当图片看。"""
    kind, _, subtype = mime_type.partition("/")
    if kind in ("audio", "video") or (kind == "image" and not subtype.startswith("svg")):
        return kind
    found = re.search(r"[^.]\.([^.\s]{1,10})$", name)
    return _KIND_OF_EXTENSION.get(found.group(1).lower() if found else "", OTHER)
