"""不碰网络的规则: 扩展名, 单帧的大小, 速度, 退避。"""

from __future__ import annotations

import pytest

from ..model.file_names import disguised_extension
from ..net.backoff import backoff_s, retry_delay_s
from ..protocol.messages import Limits
from ..transfer.admission import fits_one_frame
from ..transfer.speed import Speed


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("a.TXT", "txt"),
        ("a.tar.gz", "gz"),
        ("没有", ""),
        (".bashrc", "bashrc"),
        ("a.exe.", "exe"),
        ("a.exe . \u3000", "exe"),
        ("a.exe::$DATA", "exe"),
        ("b/a.e xe", ""),
        ("x.exe\\a", ""),
        ("a.中文", ""),
        ("a" + "." * 100_000, ""),
    ],
)
def test_扩展名与网页和服务器的判断相同(name: str, extension: str) -> None:
    assert disguised_extension(name) == extension


def test_一帧装得下的才走单帧() -> None:
    limits = Limits(10**9, 16 * 1024 * 1024, 1, 1, 1, 1)
    assert fits_one_frame(256 * 1024, limits)
    assert not fits_one_frame(256 * 1024 + 1, limits)
    small = Limits(10**9, 1000, 1, 1, 1, 1)
    assert fits_one_frame(750, small)
    assert not fits_one_frame(751, small)


def test_速度是最近几秒的平均() -> None:
    speed = Speed()
    assert speed.bytes_per_second == 0
    for tick in range(100):
        speed.record(tick / 5, 1000 * tick)
    assert speed.bytes_per_second == pytest.approx(5000)
    # 从头再来
    speed.record(20, 0)
    assert speed.bytes_per_second == 0


def test_退避翻倍到三十秒() -> None:
    assert [backoff_s(attempt, 1.0) for attempt in (0, 1, 2, 50)] == [0.5, 1.0, 2.0, 30.0]
    assert backoff_s(0, 0.0) == 0.25
    assert retry_delay_s(4012, 0) is None
    assert retry_delay_s(4010, 0, 1.0) == 30.0
    assert retry_delay_s(1006, 0, 1.0) == 0.5
