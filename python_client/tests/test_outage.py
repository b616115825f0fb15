"""没有连接的原因: 每一种都说得出, 一行, 没有 traceback; 真的套接字, 真的 TLS。"""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from python_client.protocol.errors import describe_outage
from python_client.protocol.messages import CloseReason

from .client_process import run_client

NOT_SLUICE = "那里的不是水闸的服务器, 请检查地址与端口"
WAIT_S = 20


@contextmanager
def answering(reply: bytes, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """不论收到什么都答 reply 的服务器; 给出端口。"""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    # 测试结束, 监听已关
                    return
                _answer(accepted, reply, tls)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(WAIT_S)


def _answer(accepted: socket.socket, reply: bytes, tls: ssl.SSLContext | None) -> None:
    accepted.settimeout(WAIT_S)
    with accepted:
        try:
            connection = accepted if tls is None else tls.wrap_socket(accepted, server_side=True)
            connection.recv(65536)
            connection.sendall(reply)
            connection.close()
        except OSError:
            # 客户端不信这个证书, 先断了
            return


def said(folder: Path, url: str, **variables: str) -> list[str]:
    """试一次就放弃的 send 说了什么。"""
    process = run_client(
        folder,
        "send",
        "--message",
        "嗨",
        "--name",
        "张三",
        "--url",
        url,
        "--connect-timeout",
        "0",
        **variables,
    )
    assert process.wait() == 3
    return process.stderr


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail ESMTP\r\n",
        b"\x00\x01\xff garbage\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n",
    ],
)
def test_那里是别的程序_一行说明(tmp_path: Path, reply: bytes) -> None:
    with answering(reply) as port:
        url = f"http://127.0.0.1:{port}"
        (line,) = said(tmp_path, url)
    wrong_path = "服务器不接受这个连接 (HTTP 200), 请确认地址是水闸的服务器"
    assert line == f"连不上 {url}: {wrong_path if b'200 OK' in reply else NOT_SLUICE}"


def test_一言不发就断开(tmp_path: Path) -> None:
    with answering(b"") as port:
        (line,) = said(tmp_path, f"http://127.0.0.1:{port}")
    assert line.endswith("服务器没有答应加入, 请确认地址是水闸的服务器")


def test_https_写给了明文的端口(tmp_path: Path) -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as port:
        (line,) = said(tmp_path, f"https://127.0.0.1:{port}")
    assert line.endswith(NOT_SLUICE)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="没有 openssl, 造不出证书")
def test_自签的证书说怎么办_照办就连得上(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        ["openssl", *words.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", tls) as port:
        (line,) = said(tmp_path, f"https://127.0.0.1:{port}")
        assert "证书不受信任" in line and "SSL_CERT_FILE" in line
        # 信了证书之后才看得到它的应答
        (line,) = said(tmp_path, f"https://127.0.0.1:{port}", SSL_CERT_FILE=str(certificate))
        assert "HTTP 404" in line


def test_连上过的只说断了_没有连上过的说检查地址() -> None:
    cut = CloseReason(1006, "unreachable")
    assert describe_outage(cut, ever_joined=True) == "网络断开"
    assert describe_outage(cut, ever_joined=False) == "连不上服务器, 请检查网络与地址"
    assert "证书" in describe_outage(CloseReason(1006, "bad_certificate"), ever_joined=True)
    assert describe_outage(CloseReason(1006, "refused HTTP 503"), False).startswith("服务器暂时不接受连接")
    # 线上来的原因是别人写的, 不当作自己的码
    assert describe_outage(CloseReason(4999, "bad_certificate"), ever_joined=True) == "网络断开"
