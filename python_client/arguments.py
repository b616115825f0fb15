"""命令行 -> 子命令与它的选项; 只管写法, 说明在 help_texts.py, 通用选项的含义在 settings.py。"""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping, NoReturn, Sequence

from . import help_texts
from .headless.options import Patience, ReceiveOptions, SearchOptions, SendOptions
from .protocol.messages import DEFAULT_SEARCH_LIMIT
from .settings import VARIABLES, UsageError

WINDOW = "window"
SEND = "send"
RECEIVE = "recv"
SEARCH = "search"
HELP = "help"
VERSION = "version"

DEFAULT_FOLDER = "sluice-files"
SEND_OFFLINE_S = 300.0
# 一天; 更久的多半是写错了单位
_MAX_SECONDS = 86_400.0

_HELP_TEXTS = {
    WINDOW: help_texts.WINDOW,
    SEND: help_texts.SEND,
    RECEIVE: help_texts.RECEIVE,
    SEARCH: help_texts.SEARCH,
}


@dataclass(frozen=True)
class Arguments:
    """common: 命令行上给出的通用选项; options 只有子命令才有; text 只有 help 才有。"""

    command: str
    common: Mapping[str, str] = field(default_factory=dict)
    options: SendOptions | ReceiveOptions | SearchOptions | None = None
    text: str = ""


def parse(argv: Sequence[str]) -> Arguments:
    """写法不对抛 UsageError。"""
    # -- 之后的都是文件, 哪怕以 - 开头
    end = argv.index("--") if "--" in argv else len(argv)
    options, literal = list(argv[:end]), list(argv[end + 1 :])
    common, rest = _common_parser().parse_known_args(options)
    command = _take_command(rest)
    given = {key: value for key, value in vars(common).items() if value is not None}
    if "-h" in rest or "--help" in rest:
        return Arguments(HELP, text=_HELP_TEXTS[command])
    if command == WINDOW and rest == ["--version"]:
        return Arguments(VERSION)
    try:
        if command == SEND:
            return Arguments(SEND, given, _send_options(rest, literal))
        if command == RECEIVE:
            return Arguments(RECEIVE, given, _receive_options(rest + literal))
        if command == SEARCH:
            return Arguments(SEARCH, given, _search_options(rest, literal))
        _refuse(rest + literal)
    except UsageError as error:
        raise UsageError(f"{error}; 用法见 python -m python_client {_spelled(command)}--help") from error
    return Arguments(WINDOW, given)


def _spelled(command: str) -> str:
    return "" if command == WINDOW else f"{command} "


def _take_command(rest: list[str]) -> str:
    """取走子命令: 第一个不是选项的词。"""
    for index, word in enumerate(rest):
        if word in ("-h", "--help"):
            continue
        if word in (SEND, RECEIVE, SEARCH):
            del rest[index]
            return word
        break
    return WINDOW


def _send_options(rest: list[str], literal: list[str]) -> SendOptions:
    parser = _Parser()
    parser.add_argument("--message")
    _add_patience(parser, SEND_OFFLINE_S)
    found, extras = parser.parse_known_args(rest)
    # 选项可以夹在文件之间, argparse 自己做不到: 剩下的里面不以 - 开头的就是文件
    _refuse([word for word in extras if word.startswith("-")])
    files = [*extras, *literal]
    if not files and found.message is None:
        raise UsageError("没有说发什么: 写上文件, 或用 --message 写一条文字")
    if found.message is not None and not found.message.strip():
        raise UsageError("--message 是空的")
    return SendOptions(tuple(Path(name) for name in files), found.message, _patience(found))


def _receive_options(rest: list[str]) -> ReceiveOptions:
    parser = _Parser()
    parser.add_argument("--folder", type=Path, default=Path(DEFAULT_FOLDER))
    parser.add_argument("--no-files", action="store_true")
    parser.add_argument("--count", type=_count)
    parser.add_argument("--idle", type=_seconds)
    parser.add_argument("--history", action="store_true")
    parser.add_argument("--presence", action="store_true")
    _add_patience(parser, 0.0)
    found, extras = parser.parse_known_args(rest)
    _refuse(extras)
    if found.idle == 0:
        raise UsageError("--idle 应大于 0 秒")
    return ReceiveOptions(
        folder=None if found.no_files else found.folder,
        count=found.count,
        idle=found.idle,
        history=found.history,
        presence=found.presence,
        patience=_patience(found),
    )


def _search_options(rest: list[str], literal: list[str]) -> SearchOptions:
    parser = _Parser()
    parser.add_argument("--limit", type=_count, default=DEFAULT_SEARCH_LIMIT)
    parser.add_argument("--before", type=_count)
    found, extras = parser.parse_known_args(rest)
    _refuse([word for word in extras if word.startswith("-")])
    # 没有加引号的几个词合成一句, 命令行去掉的引号补不回来
    query = " ".join([*extras, *literal]).strip()
    if not query:
        raise UsageError("没有说找什么: 写上搜索词")
    return SearchOptions(query, found.limit, found.before)


def _refuse(words: Sequence[str]) -> None:
    if words:
        kind = "选项" if words[0].startswith("-") else "子命令或参数"
        raise UsageError(f"不认识的{kind} {words[0]}")


def _common_parser() -> _Parser:
    parser = _Parser()
    for option in VARIABLES:
        parser.add_argument(f"--{option.replace('_', '-')}")
    return parser


def _add_patience(parser: _Parser, offline: float) -> None:
    parser.add_argument("--connect-timeout", type=_seconds, default=Patience.connect)
    parser.add_argument("--timeout", type=_seconds, default=offline)


def _patience(found: argparse.Namespace) -> Patience:
    return Patience(found.connect_timeout, found.timeout or None)


def _seconds(written: str) -> float:
    seconds = _number(float, written)
    if not 0 <= seconds <= _MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"应是 0 到 {_MAX_SECONDS:.0f} 秒, 而不是 {written}")
    return seconds


def _count(written: str) -> int:
    count = _number(int, written)
    if count < 1:
        raise argparse.ArgumentTypeError(f"应至少是 1, 而不是 {written}")
    return int(count)


def _number(read: Callable[[str], float], written: str) -> float:
    try:
        value = read(written)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise argparse.ArgumentTypeError(f"应是一个数, 而不是 {written}")
    return value


# argparse 自己的英文 -> 中文; 各版本的说法大同小异, 认不出的原样显示
_MESSAGES: Sequence[tuple[str, str]] = (
    (r"argument (\S+): expected (?:one|at least one) argument", r"\1 后面缺少值"),
    (r"argument (\S+): ignored explicit argument '(.*)'", r"\1 不带值, 而不是 \2"),
    (r"argument (\S+): (.*)", r"\1 \2"),
)


class _Parser(argparse.ArgumentParser):
    """只改出错时的做法: argparse 会打印英文并退出, 只给了继承这一个口子。"""

    def __init__(self) -> None:
        # 缩写会随新选项的加入而改变含义
        super().__init__(add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        for pattern, chinese in _MESSAGES:
            match = re.fullmatch(pattern, message, re.DOTALL)
            if match:
                raise UsageError(match.expand(chinese))
        raise UsageError(message)
