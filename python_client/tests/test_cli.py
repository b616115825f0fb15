"""命令行的写法, 启动之前的检查与说明: 真的进程, 真的缺包的 Python。"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .. import arguments, help_texts, preflight
from ..headless.options import Patience, ReceiveOptions, SendOptions
from ..settings import VARIABLES, UsageError
from .client_process import ClientProcess, environment, full_disk, run_client
from .paths import ROOT


def test_通用选项在子命令前后都可以() -> None:
    before = arguments.parse(["--url", "http://a", "send", "--name=张三", "f"])
    after = arguments.parse(["send", "f", "--name", "张三", "--url=http://a"])
    assert before == after
    assert before.common == {"url": "http://a", "name": "张三"}


def test_选项可以夹在文件之间_两横之后的都是文件() -> None:
    chosen = arguments.parse(["send", "a", "--message", "嗨", "b", "--timeout=0", "--", "-c", "--name"])
    files = (Path("a"), Path("b"), Path("-c"), Path("--name"))
    assert chosen.options == SendOptions(files, "嗨", Patience(15.0, None))


def test_recv_的选项与缺省() -> None:
    assert arguments.parse(["recv"]).options == ReceiveOptions(
        Path("sluice-files"), None, None, False, False, Patience(15.0, None)
    )
    words = "recv --no-files --count 3 --idle 1.5 --history --presence --connect-timeout 0 --timeout 9"
    assert arguments.parse(words.split()).options == ReceiveOptions(
        None, 3, 1.5, True, True, Patience(0.0, 9.0)
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sned", "不认识的子命令或参数 sned"),
        ("--bogus", "不认识的选项 --bogus"),
        ("send", "没有说发什么"),
        ("send --message=", "--message 是空的"),
        ("send a --nam 张三", "不认识的选项 --nam"),
        ("send a --url", "--url 后面缺少值"),
        ("send a --timeout x", "--timeout 应是一个数, 而不是 x"),
        ("send a --timeout -1", "--timeout"),
        ("send a --timeout nan", "--timeout 应是一个数"),
        ("recv file", "不认识的子命令或参数 file"),
        ("recv --count 0", "--count 应至少是 1"),
        ("recv --count 1.5", "--count 应是一个数"),
        ("recv --idle 0", "--idle 应大于 0 秒"),
        ("recv --history=yes", "--history 不带值"),
    ],
)
def test_写错时的一行中文(line: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        arguments.parse(line.split())
    assert "--help" in str(caught.value) or "后面缺少值" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_说明里的选项与认得的一个不差() -> None:
    common = {f"--{name.replace('_', '-')}" for name in VARIABLES} | {"--help"}
    waiting = {"--connect-timeout", "--timeout"}
    expected = {
        help_texts.WINDOW: common | {"--version"},
        help_texts.SEND: common | waiting | {"--message"},
        help_texts.RECEIVE: common
        | waiting
        | {"--folder", "--no-files", "--count", "--idle", "--history", "--presence"},
    }
    for text, options in expected.items():
        assert set(re.findall(r"^ .*?(--[a-z-]+)", text, re.MULTILINE)) >= options
        documented = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", text, re.MULTILINE))
        assert documented == options
        for variable in VARIABLES.values():
            assert variable in text
    for option in expected[help_texts.SEND] - {"--help"}:
        with pytest.raises(UsageError, match=f"{option} 后面缺少值"):
            arguments.parse(["send", "f", option])


@pytest.mark.parametrize("line", ["--help", "-h", "send -h", "recv --help", "--help recv", "--version"])
def test_说明与版本写到_stdout(tmp_path: Path, line: str) -> None:
    process = run_client(tmp_path, *line.split())
    assert process.wait() == 0
    assert process.stderr == []
    assert process.stdout[0].startswith("用法: " if "h" in line else "0.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="没有 /dev/full")
def test_磁盘满了_说明也写不出_退出码是_1(tmp_path: Path) -> None:
    with full_disk() as stdout, ClientProcess(tmp_path, "--help", stdout=stdout) as process:
        assert process.wait() == 1
    assert process.stderr == ["输出 (stdout) 写不出去: 磁盘已满"]


def test_刚启动就_Ctrl_C_安静地结束(tmp_path: Path) -> None:
    # 先于标准库被引用的同名模块: 信号正好落在启动之中
    (tmp_path / "getpass.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    process = run_client(tmp_path, "send", "--message", "嗨", PYTHONPATH=str(tmp_path))
    assert process.wait() == 130
    assert process.stderr == []


def test_用法不对的退出码是_2_只有一行(tmp_path: Path) -> None:
    for line, said in (
        ("--log-level loud send f", "--log-level 应是"),
        ("send f --url http://", "--url: 服务器地址里没有主机名"),
        ("send 没有这个文件", "没有这个文件: 没有这个文件"),
        ("send /dev/null", "不是普通文件"),
        ("recv --folder /dev/null/x", "不能把文件存进 /dev/null/x: 路径的中间有一个不是文件夹"),
        ("recv --folder README.md", "不能把文件存进 README.md: 它是文件, 不是文件夹"),
        ("send /dev/zero", "/dev/zero 不是普通文件, 不能发送"),
        ("send README.md/x", "读不了 README.md/x: 路径的中间有一个不是文件夹"),
        (f"send {'x' * 2000}", f"读不了 {'x' * 80} ... {'x' * 80}: 名字太长"),
    ):
        process = run_client(tmp_path, *line.split())
        assert (process.wait(), len(process.stderr), process.stdout) == (2, 1, []), process.stderr
        assert said in process.stderr[0]


def test_入口只用_3_6_的语法_太旧的版本说明白() -> None:
    for name in ("__init__.py", "__main__.py", "preflight.py"):
        source = (ROOT / "python_client" / name).read_text(encoding="utf-8")
        ast.parse(source, feature_version=(3, 6))
        assert "from __future__" not in source
    assert preflight.python_problem((3, 8, 0)) == ""
    assert preflight.python_problem((4, 0, 0)) == ""
    assert "需要 Python 3.8 或更新的版本, 这里是 3.7.16" in preflight.python_problem((3, 7, 16))


def test_缺少依赖时说出安装的命令(tmp_path: Path) -> None:
    bare = tmp_path / "没有 依赖"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = bare / "bin" / "python"
    done = subprocess.run(
        [str(python), "-m", "python_client", "send", "f"],
        cwd=ROOT,
        env=environment(tmp_path, {}),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 2
    command = f"'{python}' -m pip install -r {Path('python_client', 'requirements.txt')}"
    assert done.stderr == f"缺少 websockets 与 Pillow, 请运行: {command}\n"


def test_没有_tkinter_时窗口说怎么装_send_照常(tmp_path: Path) -> None:
    blocked = (
        "import runpy, sys; sys.modules['tkinter'] = None; "
        "sys.argv = ['python_client', *sys.argv[1:]]; runpy.run_module('python_client', run_name='__main__')"
    )
    answers = []
    for words in ([], ["send", "没有这个文件"]):
        done = subprocess.run(
            [sys.executable, "-c", blocked, *words],
            cwd=ROOT,
            env=environment(tmp_path, {}),
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        answers.append((done.returncode, done.stderr))
    assert answers[0][0] == 2
    assert answers[0][1].startswith("缺少 tkinter, 开不了窗口: 请")
    assert answers[1] == (2, "没有这个文件: 没有这个文件\n")


def test_每个系统装_tkinter_的办法(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    advice = preflight.tkinter_advice
    assert advice("linux", 'ID=ubuntu\nID_LIKE="debian"\n') == "请运行: sudo apt-get install python3-tk"
    assert advice("linux", "ID=debian\n") == "请运行: sudo apt-get install python3-tk"
    assert advice("linux", "ID=fedora\n") == "请运行: sudo dnf install python3-tkinter"
    assert advice("linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n').endswith(
        "dnf install python3-tkinter"
    )
    assert "python3-tk" in advice("linux", "")
    assert advice("darwin", "").startswith("请运行: brew install python-tk@3.")
    assert "tcl/tk" in advice("win32", "")
    # 自己编译的 Python 用不上系统的 python3-tk
    monkeypatch.setattr(sys, "base_prefix", "/opt/python")
    assert advice("linux", "ID=debian\n") == "请运行: sudo apt-get install tk-dev, 然后重新编译这个 Python"


@pytest.mark.skipif(sys.platform != "linux", reason="别的系统总有图形界面")
def test_没有屏幕时说还能做什么(tmp_path: Path) -> None:
    process = run_client(tmp_path, DISPLAY="")
    assert process.wait() == 2
    assert "没有图形界面" in process.stderr[0] and "send" in process.stderr[0]
