"""虚拟屏幕: 测试的窗口画在这里, 不打扰开发者的桌面。"""

from __future__ import annotations

import os
import subprocess

# 等它结束的期限 (秒)
_STOP_S = 15


class Display:
    """一个 Xvfb; 号码由它自己挑空闲的。with_last: 最后一个窗口的连接断了就自己结束, 启动者被 kill -9 也不留下它。"""

    def __init__(self, with_last: bool = False) -> None:
        read, write = os.pipe()
        lifetime = ["-terminate"] if with_last else []
        self._process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp", *lifetime],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb 没有启动"
        self.name = f":{number}"

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(_STOP_S)
