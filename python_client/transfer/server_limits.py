"""服务器的上限: GET /api/limits 只问一次; 没有这个地址的服务器用 welcome 里的。"""

from __future__ import annotations

import http.client
import logging

from ..protocol.address import ServerAddress
from ..protocol.codec import BadFrameError, decode_limits
from .admission import UploadLimits
from .http_request import BadUrlError, HttpRequest, get_small
from .ports import TransferPorts
from .workers import Workers

log = logging.getLogger(__name__)

# 应答只有几百个扩展名
_MAX_BODY_BYTES = 256 * 1024


class ServerLimits:
    """问到的一直用; 一时问不到 (断线) 的下次再问。"""

    def __init__(self, address: ServerAddress, ports: TransferPorts, workers: Workers) -> None:
        self._url = address.limits_url
        self._ports = ports
        self._workers = workers
        self._known: UploadLimits | None = None
        self._request: HttpRequest | None = None

    async def get(self) -> UploadLimits | None:
        """None: 问不到, 也不在线。"""
        if self._known is None:
            self._known = await self._ask()
        identity = self._ports.identity()
        if identity is None:
            return self._known
        # 一帧多大由这条连接的 welcome 说了算: 小帧的连接比 /api/limits 说的小
        blocked = frozenset() if self._known is None else self._known.blocked_extensions
        return UploadLimits(identity.limits, blocked)

    def stop(self) -> None:
        if self._request is not None:
            self._request.abort()

    async def _ask(self) -> UploadLimits | None:
        try:
            self._request = request = HttpRequest(self._url)
            status, body = await self._workers.run(lambda: get_small(request, _MAX_BODY_BYTES))
            if status == 200:
                return UploadLimits(*decode_limits(body.decode("utf-8")))
            log.info("limits.refused status=%d", status)
        except (OSError, http.client.HTTPException, BadUrlError, BadFrameError, UnicodeError) as error:
            # 问不到就由服务器在收文件时拒绝
            log.info("limits.failed error=%s", error)
        finally:
            self._request = None
        return None
