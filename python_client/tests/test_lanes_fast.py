"""三道: 快的 (test_*_fast.py) 走到哪里都不碰套接字, 子进程与窗口; 用窗口的都叫 test_window_*.py, 只在最旧的 Python 上跑。"""

from __future__ import annotations

import ast
from pathlib import Path

from .test_layers_fast import PACKAGE, Import, find_imports, module_of

TESTS = Path(__file__).resolve().parent
# 网络, 子进程, 临时文件与窗口
TOUCHING = {
    *("http", "multiprocessing", "socket", "ssl", "subprocess", "tempfile", "urllib.request"),
    *("PIL", "tkinter", "websockets"),
}
# 快的测试只许用这几个 fixture, 其余的参数来自 parametrize
HARMLESS = {"capsys", "monkeypatch", "request"}
WINDOW_FIXTURES = {"desktop", "display", "window"}


def _inside(found: Import) -> tuple[str, ...] | None:
    """包里的模块; 测试也用 python_client.x 这样的全名。"""
    if found.inside is not None or found.outside is None:
        return found.inside
    top, *parts = found.outside.split(".")
    # 最后一段可能是模块里的名字
    for module in (tuple(parts), tuple(parts[:-1])):
        if top == PACKAGE.name and module and PACKAGE.joinpath(*module).with_suffix(".py").is_file():
            return module
    return None


def _touched(module: tuple[str, ...], seen: set[tuple[str, ...]]) -> set[str]:
    """从这个模块走得到的, 碰得到外面的那些: 谁引用了什么。"""
    if module in seen:
        return set()
    seen.add(module)
    touched: set[str] = set()
    source = PACKAGE.joinpath(*module).with_suffix(".py").read_text(encoding="utf-8")
    for found in find_imports(module, source):
        inside = _inside(found)
        if found.type_only:
            continue
        if inside is not None:
            touched |= _touched(inside, seen)
        elif found.outside is not None:
            names = {found.outside.split(".")[0], ".".join(found.outside.split(".")[:2])}
            touched |= {f"{'/'.join(module)} 引用了 {name}" for name in names & TOUCHING}
    return touched


def _parameters(path: Path) -> set[str]:
    """测试函数要的 fixture: 参数里不来自 parametrize 的。"""
    fixtures: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            given = {
                name.strip()
                for decorator in node.decorator_list
                for words in ast.walk(decorator)
                if isinstance(words, ast.Constant) and isinstance(words.value, str)
                for name in words.value.split(",")
            }
            fixtures |= {argument.arg for argument in node.args.args} - given
    return fixtures


def test_快的走到哪里都不碰套接字_子进程与窗口() -> None:
    fast = sorted(TESTS.glob("test_*_fast.py"))
    assert len(fast) > 5
    for path in fast:
        assert _touched(module_of(path), set()) == set(), path.name
        assert _parameters(path) - HARMLESS == set(), path.name


def test_看得出碰了外面的() -> None:
    assert _touched(("tests", "server"), set()) >= {
        "tests/server 引用了 socket",
        "tests/server 引用了 subprocess",
    }
    assert _touched(("tests", "test_session"), set()) != set()
    assert "emptied_server" in _parameters(TESTS / "test_upload.py")


def test_用窗口的都叫_test_window() -> None:
    for path in TESTS.glob("test_*.py"):
        uses = _parameters(path) & WINDOW_FIXTURES
        assert not uses or path.name.startswith("test_window_"), f"{path.name} 用了 {uses}"
