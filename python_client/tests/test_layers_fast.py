"""架构: 谁可以引用谁; 新的文件夹与顶层文件须先在这里登记。只读源文件, 不运行它们。"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
MAX_LINES = 350

# 层 -> 可以引用的层; 同一层之内总是可以, 版本号 (root) 谁都可以用。tests 不在表里: 谁都不可以引用它
INSIDE: dict[str, set[str]] = {
    "root": set(),
    "protocol": set(),
    "model": {"protocol"},
    "net": {"protocol", "model"},
    # 打开别人给的图片: 只有这一处
    "pictures": set(),
    "transfer": {"protocol", "model", "net", "pictures"},
    "settings": {"protocol", "model"},
    "client": {"protocol", "model", "net", "transfer"},
    "headless": {"protocol", "model", "net", "client", "settings"},
    "ui": {"protocol", "model", "net", "client", "settings", "pictures"},
    # 启动: 连缺了 websockets 也要能说人话, 所以检查 (preflight) 谁也不引用
    "preflight": set(),
    "start": {"protocol", "model", "net", "client", "headless", "ui", "settings", "preflight"},
}
# 顶层文件属于哪一层; 文件夹就是层
TOP_FILES = {
    "__init__": "root",
    "__main__": "start",
    "arguments": "start",
    "cli": "start",
    "client": "client",
    "help_texts": "start",
    "preflight": "preflight",
    "picture_file": "pictures",
    "session": "client",
    "settings": "settings",
    "web_search": "client",
}
# 不在标准库里的, 与可能没有装的 tkinter: 只有这几层可以用
OUTSIDE = {
    "tkinter": {"ui"},
    "_tkinter": {"ui"},
    "PIL": {"pictures", "transfer", "ui"},
    "websockets": {"net", "transfer"},
}
PURE = {"protocol", "model"}
# 碰得到网络, 磁盘, 线程与日志的; 时钟可以: 显示时刻要它
IMPURE = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "threading", "signal", "random"),
    *("http", "selectors", "socket", "ssl", "urllib.request", "webbrowser"),
    *("ctypes", "io", "logging", "os", "pathlib", "shutil", "subprocess", "sys", "tempfile"),
}


class Import(NamedTuple):
    """一处引用; inside 是包里的模块, outside 是包外的名字, 只有一个不为 None。"""

    inside: tuple[str, ...] | None
    outside: str | None
    type_only: bool


def sources() -> list[Path]:
    return [file for file in sorted(PACKAGE.rglob("*.py")) if ".venv" not in file.parts]


def module_of(file: Path) -> tuple[str, ...]:
    return file.relative_to(PACKAGE).with_suffix("").parts


def layer_of(module: tuple[str, ...]) -> str | None:
    if len(module) == 1:
        return TOP_FILES.get(module[0])
    return module[0] if module[0] in INSIDE else None


def find_imports(module: tuple[str, ...], source: str) -> Iterator[Import]:
    """全部引用, 函数里的也算; if TYPE_CHECKING 之下的标明。"""
    tree = ast.parse(source)
    guarded = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.dump(node.test) == ast.dump(ast.Name("TYPE_CHECKING", ast.Load()))
        for statement in node.body
        for child in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(None, alias.name, id(node) in guarded)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield resolve(module, node, alias.name, id(node) in guarded)


def resolve(module: tuple[str, ...], node: ast.ImportFrom, name: str, type_only: bool) -> Import:
    written = node.module.split(".") if node.module else []
    if node.level == 0:
        # from urllib import request 与 import urllib.request 是同一件事
        return Import(None, f"{node.module}.{name}", type_only)
    target = (*module[: -node.level], *written)
    for found in ((*target, name), (*target, name, "__init__"), target):
        if PACKAGE.joinpath(*found).with_suffix(".py").is_file():
            return Import(found, None, type_only)
    return Import((*target, "__init__"), None, type_only)


def violations(module: tuple[str, ...], source: str) -> list[str]:
    layer = layer_of(module)
    if layer is None:
        return [f"{module}: 架构表里没有这个位置"]
    return [
        f"{'/'.join(module)} 不可以引用 {'/'.join(found.inside or ()) or found.outside}"
        for found in find_imports(module, source)
        if not is_allowed(layer, found)
    ]


def is_allowed(layer: str, found: Import) -> bool:
    if found.inside is not None:
        return layer_of(found.inside) in {layer, "root", *INSIDE[layer]}
    name = found.outside or ""
    top = name.split(".")[0]
    if top in OUTSIDE:
        return found.type_only or layer in OUTSIDE[top]
    if top == PACKAGE.name:
        # 包里一律用相对引用
        return False
    return layer not in PURE or not ({top, ".".join(name.split(".")[:2])} & IMPURE)


def find_cycle(edges: dict[tuple[str, ...], set[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    finished: set[tuple[str, ...]] = set()

    def visit(module: tuple[str, ...], trail: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in finished:
            return []
        for target in sorted(edges.get(module, ())):
            cycle = visit(target, [*trail, module])
            if cycle:
                return cycle
        finished.add(module)
        return []

    return next((cycle for module in sorted(edges) for cycle in [visit(module, [])] if cycle), [])


@pytest.mark.parametrize(
    ("module", "source", "allowed"),
    [
        (("net", "x"), "from ..protocol import codec", True),
        (("net", "x"), "from ..transfer import uploads", False),
        (("net", "x"), "from .. import __version__", True),
        (("transfer", "x"), "from ..net.event_queue import EventQueue", True),
        (("ui", "x"), "from ..client import Client\nimport tkinter.ttk\nfrom tkinter import font", True),
        (("ui", "x"), "from ..transfer import uploads", False),
        (("ui", "x"), "from ..headless import send", False),
        (("headless", "x"), "def f():\n    import tkinter", False),
        (("client",), "from .ui import window", False),
        (("cli",), "from .ui import window", True),
        (("preflight",), "from .client import Client", False),
        (("model", "x"), "from PIL.Image import Image", False),
        (("model", "x"), "if TYPE_CHECKING:\n    from PIL.Image import Image", True),
        (("protocol", "x"), "from ..model import events", False),
        (("protocol", "x"), "from urllib.parse import urlsplit", True),
        (("protocol", "x"), "from urllib import request", False),
        (("protocol", "x"), "import urllib.request", False),
        (("protocol", "x"), "import os.path", False),
        (("net", "x"), "from ..tests import server", False),
        (("net", "x"), "import python_client.protocol", False),
        (("utils", "x"), "", False),
        (("helpers",), "", False),
    ],
)
def test_检查器认得不许的引用(module: tuple[str, ...], source: str, allowed: bool) -> None:
    assert (violations(module, source) == []) is allowed


def test_检查器认得环() -> None:
    assert find_cycle({("a",): {("b",)}, ("b",): {("c",)}, ("c",): {("b",)}}) == [("b",), ("c",), ("b",)]
    assert find_cycle({("a",): {("b",), ("c",)}, ("b",): {("c",)}}) == []


def test_每个引用都在表里() -> None:
    production = [file for file in sources() if module_of(file)[0] != "tests"]
    assert len(production) > 10
    found = [
        line for file in production for line in violations(module_of(file), file.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_模块之间没有运行时的引用环() -> None:
    edges = {
        module_of(file): {
            found.inside
            for found in find_imports(module_of(file), file.read_text(encoding="utf-8"))
            if found.inside is not None and not found.type_only
        }
        for file in sources()
    }
    assert find_cycle(edges) == []


def test_每个文件都有中文的说明_而且不太长() -> None:
    for file in sources():
        source = file.read_text(encoding="utf-8")
        described = re.search("[\u4e00-\u9fff]", ast.get_docstring(ast.parse(source)) or "")
        assert described, f"{file.name}: 开头没有中文的说明"
        assert source.count("\n") <= MAX_LINES, f"{file.name}: 超过 {MAX_LINES} 行"
