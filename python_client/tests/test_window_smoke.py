"""窗口在每个 Python 上都起得来: 连上真服务器, 发一句话, 发一张图片, 关掉。其余的窗口测试只在最旧的 Python 上跑。"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ..client import Client, ClientOptions
from ..model.transfers import DONE
from ..net.network_thread import NetworkThread
from ..protocol.address import ServerAddress
from .server import SluiceServer
from .tk_display import Desktop, shown, wait_until


def test_连上_说一句_发一张图片看得到预览_关得掉(
    desktop: Desktop, server: SluiceServer, tmp_path: Path
) -> None:
    options = ClientOptions(ServerAddress(server.url), "张三", tmp_path / "config")
    window = desktop.open(NetworkThread(lambda events: Client(options, events.put, events.room)), "张三")
    wait_until(window.root, lambda: window.status.label.cget("text") == "已连接")
    window.composer.entry.insert(0, "你好, 水闸")
    window.composer.entry.focus_force()
    window.composer.entry.event_generate("<Return>")
    wait_until(window.root, lambda: "你好, 水闸" in shown(window))
    picture = tmp_path / "云海.png"
    Image.new("RGB", (320, 200), "steelblue").save(picture)
    window.actions.send_files([picture])
    wait_until(window.root, lambda: any(item.state == DONE for item in window.transfers.items))
    # 预览由服务器缩好, 经 Pillow 与 Tk 显示
    wait_until(window.root, lambda: len(window.log.text.image_names()) > 0)
    window.close()
