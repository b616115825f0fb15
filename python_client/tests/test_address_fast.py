"""服务器地址: 用户怎么写都认得, 认不得的说得清。"""

from __future__ import annotations

import pytest

from ..protocol.address import InvalidAddressError, ServerAddress, parse_address

ACCEPTED = [
    ("localhost", "http://localhost"),
    ("localhost:3000", "http://localhost:3000"),
    ("  192.168.1.5:3000\n", "http://192.168.1.5:3000"),
    ("http://chat.example/", "http://chat.example"),
    ("https://chat.example", "https://chat.example"),
    ("HTTPS://Chat.Example:8443", "https://chat.example:8443"),
    ("ws://localhost:3000", "http://localhost:3000"),
    ("ws://localhost:3000/ws", "http://localhost:3000"),
    ("wss://chat.example/ws/", "https://chat.example"),
    ("wss://example.com/chat/ws", "https://example.com/chat"),
    ("https://example.com/chat/", "https://example.com/chat"),
    # http 地址里的 /ws 是反向代理下的路径, 不是端点
    ("http://example.com/ws", "http://example.com/ws"),
    ("[::1]:3000", "http://[::1]:3000"),
    ("http://[2001:db8::1]", "http://[2001:db8::1]"),
    ("聊天.example:80", "http://聊天.example:80"),
]

REFUSED = [
    "",
    "   ",
    "http://",
    "http://:3000",
    "ftp://chat.example",
    "file:///etc/passwd",
    "javascript://chat.example",
    "localhost:端口",
    "localhost:70000",
    "chat example",
    "http://chat.example/a b",
    "http://user:secret@chat.example",
    "http://chat.example?x=1",
    "http://chat.example#top",
    "http://[::1",
    "::1",
]


@pytest.mark.parametrize(("written", "base"), ACCEPTED)
def test_各种写法得到同样的地址(written: str, base: str) -> None:
    assert parse_address(written) == ServerAddress(base)


@pytest.mark.parametrize("written", REFUSED)
def test_不能用的地址说明哪里不对(written: str) -> None:
    with pytest.raises(InvalidAddressError) as caught:
        parse_address(written)
    assert str(caught.value).startswith("服务器地址")


def test_说明里没有密码() -> None:
    with pytest.raises(InvalidAddressError) as caught:
        parse_address("http://user:secret@chat.example")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("written", "base"), ACCEPTED)
def test_地址可以再认一次而不变(written: str, base: str) -> None:
    assert parse_address(parse_address(written).base).base == base


def test_端点由地址得出() -> None:
    plain = parse_address("http://localhost:3000")
    assert plain.chat_url == "ws://localhost:3000/ws?frames=small"
    assert plain.limits_url == "http://localhost:3000/api/limits"
    secure = parse_address("https://example.com/chat")
    assert secure.chat_url == "wss://example.com/chat/ws?frames=small"
    assert secure.limits_url == "https://example.com/chat/api/limits"


def test_令牌在网址里转义() -> None:
    address = parse_address("localhost")
    assert address.transfer_url("a/b+c=&d") == "ws://localhost/ws/transfer?session=a%2Fb%2Bc%3D%26d"
