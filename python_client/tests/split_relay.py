"""一段真的网络: 请求的开头被拆成两段送到服务器。环回上一个请求总是一次到齐, 拆不开。"""

from __future__ import annotations

import select
import socket
import threading

# RFC 879: 任何主机都收得下的一段 (字节)
SEGMENT = 536
# 服务器只看了第一段就应答的话, 早在这之内 (秒)
_EAGER_S = 0.2
# 测试自己的期限 (秒)
_STALL_S = 15


class SplitRelay:
    """127.0.0.1 上的一个端口, 转给 port; 一次一条连接, 只拆第一个请求的开头。"""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, name="split-relay")
        self._thread.start()

    def __enter__(self) -> SplitRelay:
        return self

    def __exit__(self, *_: object) -> None:
        # 只 close 叫不醒 accept
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_STALL_S)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.create_connection(self._target, _STALL_S) as server:
                client.settimeout(_STALL_S)
                self._relay(client, server)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = client.recv(65536)
        server.sendall(request[:SEGMENT])
        # 只看了第一段就应答的, 其余的不必送了
        if not select.select([server], [], [], _EAGER_S)[0]:
            server.sendall(request[SEGMENT:])
        others = {client: server, server: client}
        while True:
            for ready in select.select([client, server], [], [], _STALL_S)[0]:
                piece = ready.recv(65536)
                if not piece:
                    return
                others[ready].sendall(piece)
