"""系统的错误说成中文: 用户的系统可能只有英文的说法。"""

from __future__ import annotations

import errno
from typing import Mapping

_TEXT: Mapping[int, str] = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EEXIST: "已有同名的",
    errno.ENOTDIR: "路径的中间有一个不是文件夹",
    errno.EISDIR: "是文件夹",
    errno.ENAMETOOLONG: "名字太长",
    errno.ELOOP: "链接绕成了圈",
    errno.ENOSPC: "磁盘已满",
    # Windows 的 Python 可能没有这个名字
    getattr(errno, "EDQUOT", -1): "超出磁盘的配额",
    errno.EFBIG: "超出单个文件的上限",
    errno.EROFS: "磁盘是只读的",
    errno.EIO: "磁盘或设备出错",
    errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "打开的文件太多",
    errno.EBUSY: "正被占用",
}
# 路径至多显示这么多个字符: 一行说明要看得完
MAX_PATH = 160


def describe_os_error(error: BaseException) -> str:
    """原因, 不含路径; 不认得的用系统自己的话。"""
    return _TEXT.get(getattr(error, "errno", None) or 0) or getattr(error, "strerror", None) or str(error)


def short_path(path: object) -> str:
    """很长的去掉中间的。"""
    text = str(path)
    half = MAX_PATH // 2
    return text if len(text) <= MAX_PATH else f"{text[:half]} ... {text[-half:]}"
