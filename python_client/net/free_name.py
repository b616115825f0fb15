"""重名时给一个没有人用的名字。"""

from __future__ import annotations

import json
import logging
import unicodedata
import urllib.request
from typing import Iterable

from ..protocol.address import ServerAddress
from ..protocol.user_name import MAX_NAME_CODE_POINTS

log = logging.getLogger(__name__)

# 名单只为避开已有的名字: 取不到时仍给一个, 再重名也会再说
TIMEOUT_S = 3.0
MAX_BODY_BYTES = 256 * 1024
# 试到这个数为止
MAX_SUFFIX = 99


def fetch_names(address: ServerAddress) -> list[str]:
    """在线者的名字; 阻塞, 在线程池里调用。取不到时为空。"""
    # 聊天连接不走系统代理, 这里也不走
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address.base}/api/users", timeout=TIMEOUT_S) as response:
            users = json.loads(response.read(MAX_BODY_BYTES)).get("users", [])
    except (OSError, ValueError, AttributeError) as error:
        log.info("names.unavailable error=%r", error)
        return []
    return [name for name in users if isinstance(name, str)]


def free_name(name: str, taken: Iterable[str]) -> str:
    """在后面加 2, 3 … 直到没有人用; 长度仍不超过上限。都有人用则为空。"""
    keys = {_key(other) for other in taken}
    for suffix in range(2, MAX_SUFFIX + 1):
        candidate = f"{name[: MAX_NAME_CODE_POINTS - len(str(suffix))]}{suffix}"
        if _key(candidate) not in keys:
            return candidate
    return ""


def _key(name: str) -> str:
    # 只是近似服务器的判重: 最后由它说了算
    return unicodedata.normalize("NFKC", name).casefold()
