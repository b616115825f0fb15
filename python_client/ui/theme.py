"""外观: 命名字体, ttk 的样式, 图片; 一个窗口一份。"""

from __future__ import annotations

import logging
import sys
import tkinter
from tkinter import font as tkfont
from tkinter import ttk
from typing import Callable

from PIL import Image, ImageTk

from . import drawing, palette
from .tk_dialogs import prepare_file_dialogs, style_file_dialogs

log = logging.getLogger(__name__)

# Tk 自己的命名字体: 对话框, 菜单与输入框都用它们
_TK_FONTS = (
    "TkDefaultFont",
    "TkTextFont",
    "TkMenuFont",
    "TkHeadingFont",
    "TkCaptionFont",
    "TkFixedFont",
    "TkIconFont",
)
# Tk 的 1.0 是每点一像素 (72 dpi); 常见的屏幕是 96 dpi
_USUAL_SCALING = 96 / 72
# 经典部件 (菜单, simpledialog 的) 没有 ttk 样式: 用选项数据库
_OPTIONS = {
    # 菜单的底色只露出边上的一像素, 就是它的边线 (X11 的菜单没有别的); 各项自己是白底
    "*Menu.background": palette.LINE_STRONG,
    "*Menu.borderWidth": "1",
    "*Menu.activeBorderWidth": "0",
    "*Menu.foreground": palette.TEXT,
    "*Menu.activeBackground": palette.ACCENT_SOFT,
    "*Menu.activeForeground": palette.TEXT,
    "*Menu.relief": "flat",
    "*Toplevel.background": palette.BACKGROUND,
    "*Toplevel*Frame.background": palette.BACKGROUND,
    "*Toplevel*Label.background": palette.BACKGROUND,
    "*Toplevel*Label.foreground": palette.TEXT,
    "*Toplevel*Entry.background": palette.SURFACE,
    "*Toplevel*Entry.relief": "flat",
    "*Toplevel*Entry.highlightThickness": "1",
    "*Toplevel*Entry.highlightBackground": palette.LINE_STRONG,
    "*Toplevel*Entry.highlightColor": palette.ACCENT,
    "*Toplevel*Entry.selectBackground": palette.ACCENT,
    "*Toplevel*Entry.selectForeground": palette.ON_ACCENT,
    "*Toplevel*Button.background": palette.SURFACE,
    "*Toplevel*Button.activeBackground": palette.SURFACE_3,
    "*Toplevel*Button.relief": "flat",
    "*Toplevel*Button.borderWidth": "1",
    "*Toplevel*Button.highlightThickness": "1",
    "*Toplevel*Button.highlightBackground": palette.LINE_STRONG,
    "*Toplevel*Button.highlightColor": palette.ACCENT,
}


def prepare_screen() -> None:
    """在 Tk() 之前: Windows 上声明自己认得高分屏, 否则系统把窗口拉大, 字是糊的。"""
    if sys.platform == "win32":
        import ctypes

        try:
            ctypes.windll.shcore.SetProcessDpiAwareness(1)
        except (AttributeError, OSError) as error:
            # Windows 8.1 之前没有这个调用; 字糊一点, 能用
            log.debug("theme.dpi_unaware error=%s", error)


def prepare_dialogs(root: tkinter.Tk) -> None:
    """字体与经典部件的颜色: 问名字的 simpledialog 先于窗口; 重复调用无妨。"""
    for name in _TK_FONTS:
        # nametofont 的 root 参数要 Python 3.10
        root.tk.call("font", "configure", name, "-family", palette.FONT_FAMILY, "-size", palette.FONT_SIZE)
    for pattern, value in _OPTIONS.items():
        root.option_add(pattern, value)
    prepare_file_dialogs(root)
    if root.tk.call("tk", "windowingsystem") == "x11":
        # X11 上 Tk 的 Control-a 是到行首, 与别的程序不同
        root.event_delete("<<LineStart>>", "<Control-Key-a>")
        root.event_add("<<SelectAll>>", "<Control-Key-a>")


class Theme:
    """先于任何部件; 持有图片: PhotoImage 没有人引用就会消失。"""

    def __init__(self, root: tkinter.Tk) -> None:
        self._root = root
        self._images: dict[str, ImageTk.PhotoImage] = {}
        prepare_dialogs(root)
        self.normal = tkfont.Font(root, name="SluiceNormal", family="Arial", size=palette.FONT_SIZE)
        self.bold = tkfont.Font(root, name="SluiceBold", family="Arial", size=12, weight="bold")
        self.small = tkfont.Font(root, name="SluiceSmall", family="Arial", size=palette.SMALL_SIZE)
        self.line_height = self.normal.metrics("linespace")
        root.configure(background=palette.BACKGROUND)
        _style(self, ttk.Style(root))

    def pixels(self, usual: int) -> int:
        """96 dpi 下的像素 -> 这块屏幕上的。"""
        scaling = float(self._root.tk.call("tk", "scaling"))
        return max(1, round(usual * max(1.0, scaling / _USUAL_SCALING)))

    def keep(self, key: str, draw: Callable[[], Image.Image]) -> ImageTk.PhotoImage:
        """同一个 key 只画一次; 只给固定的小图用。"""
        if key not in self._images:
            self._images[key] = ImageTk.PhotoImage(draw(), master=self._root)
        return self._images[key]

    def blank(self, height: int) -> ImageTk.PhotoImage:
        """还没有取来的预览: 一样高, 但只有几像素宽, 上千张也不占内存 (至多 200 种高度)。"""
        return self.keep(f"blank{height}", lambda: Image.new("RGB", (self.pixels(4), height), palette.LINE))

    def dot(self, color: str) -> ImageTk.PhotoImage:
        return self.keep(f"dot{color}", lambda: drawing.dot(self.line_height // 2, color))

    def file_icon(self, kind: str) -> ImageTk.PhotoImage:
        known = kind if kind in drawing.KINDS else "other"
        return self.keep(f"file{known}", lambda: drawing.file_icon(known, self.line_height))

    def arrow(self, color: str, up: bool) -> ImageTk.PhotoImage:
        size = self.line_height * 3 // 4
        return self.keep(f"arrow{color}{up}", lambda: drawing.arrow(size, color, up))

    def app_icon(self, size: int) -> ImageTk.PhotoImage:
        return self.keep(f"app{size}", lambda: drawing.app_icon(size))

    def rounded(self, size: tuple[int, int], radius: int, fill: str, outline: str = "") -> ImageTk.PhotoImage:
        key = f"round{size}{radius}{fill}{outline}"
        return self.keep(key, lambda: drawing.rounded(size, radius, fill, outline))


def _style(theme: Theme, style: ttk.Style) -> None:
    # clam 在三个系统上都有, 而且全部颜色都可以改
    style.theme_use("clam")
    style.configure(
        ".",
        font=theme.normal,
        background=palette.BACKGROUND,
        foreground=palette.TEXT,
        troughcolor=palette.SURFACE_3,
        bordercolor=palette.LINE,
        lightcolor=palette.SURFACE,
        darkcolor=palette.LINE,
        focuscolor=palette.ACCENT,
    )
    _frames(theme, style)
    _buttons(theme, style)
    _entry(theme, style)
    _bars(theme, style)
    style_file_dialogs(style)


def _frames(theme: Theme, style: ttk.Style) -> None:
    style.configure("Card.TFrame", background=palette.SURFACE)
    style.configure("Card.TLabel", background=palette.SURFACE)
    style.configure("Heading.TLabel", font=theme.bold)
    style.configure("Muted.TLabel", font=theme.small, foreground=palette.TEXT_3)
    style.configure(
        "CardMuted.TLabel", font=theme.small, foreground=palette.TEXT_3, background=palette.SURFACE
    )
    style.configure("CardHint.TLabel", font=theme.small, foreground=palette.WARN, background=palette.SURFACE)
    style.configure("CardBad.TLabel", font=theme.small, foreground=palette.BAD, background=palette.SURFACE)
    style.configure(
        "People.Treeview",
        background=palette.SURFACE,
        fieldbackground=palette.SURFACE,
        foreground=palette.TEXT,
        borderwidth=0,
        relief="flat",
        rowheight=theme.line_height + 2 * palette.PAD,
    )
    style.layout("People.Treeview", [("Treeview.treearea", {"sticky": "nswe"})])
    # 没有层次: 去掉展开用的三角与缩进
    cell = [
        ("Treeitem.image", {"side": "left", "sticky": ""}),
        ("Treeitem.text", {"side": "left", "sticky": ""}),
    ]
    style.layout("People.Treeview.Item", [("Treeitem.padding", {"sticky": "nswe", "children": cell})])
    style.configure("People.Treeview", indent=0)
    selected = [("selected", palette.ACCENT_SOFT)]
    style.map("People.Treeview", background=selected, foreground=[("selected", palette.TEXT)])
    # 分隔条: 与底色相同, 只在鼠标下看得出
    style.configure("TPanedwindow", background=palette.BACKGROUND)
    style.configure("Sash", sashthickness=2 * palette.PAD, gripcount=0)


def _surface(theme: Theme, style: ttk.Style, name: str, faces: dict[str, tuple[str, str]]) -> None:
    """圆角的底: 状态 -> (填充, 边线); 空的键是平常的样子。"""
    size, radius = theme.pixels(24), theme.pixels(6)
    images = {state: theme.rounded((size, size), radius, fill, line) for state, (fill, line) in faces.items()}
    states = [(state, images[state]) for state in faces if state]
    style.element_create(name, "image", images[""], *states, border=radius + 2, sticky="nswe")


def _buttons(theme: Theme, style: ttk.Style) -> None:
    faces = {
        "": (palette.SURFACE, palette.LINE_STRONG),
        "disabled": (palette.SURFACE_2, palette.LINE),
        "pressed": (palette.SURFACE_3, palette.ACCENT),
        "focus": (palette.SURFACE, palette.ACCENT),
        "active": (palette.SURFACE_3, palette.LINE_STRONG),
    }
    _surface(theme, style, "Plain.face", faces)
    accent = {
        "": (palette.ACCENT, palette.ACCENT),
        "disabled": (palette.LINE_STRONG, palette.LINE_STRONG),
        "pressed": (palette.ACCENT_STRONG, palette.ACCENT_STRONG),
        "focus": (palette.ACCENT, palette.TEXT),
        "active": (palette.ACCENT_STRONG, palette.ACCENT_STRONG),
    }
    _surface(theme, style, "Accent.face", accent)
    for kind, face in (("TButton", "Plain"), ("Small.TButton", "Plain"), ("Accent.TButton", "Accent")):
        label = ("Button.label", {"sticky": "nswe"})
        padding = ("Button.padding", {"sticky": "nswe", "children": [label]})
        style.layout(kind, [(f"{face}.face", {"sticky": "nswe", "children": [padding]})])
    style.configure("TButton", padding=(2 * palette.PAD, palette.PAD), anchor="center", width=0)
    style.configure("Small.TButton", padding=(palette.PAD, 1), font=theme.small)
    style.configure("Accent.TButton", foreground=palette.ON_ACCENT)
    style.map("TButton", foreground=[("disabled", palette.TEXT_3)])
    style.map("Accent.TButton", foreground=[("disabled", palette.SURFACE)])


def _entry(theme: Theme, style: ttk.Style) -> None:
    faces = {
        "": (palette.SURFACE, palette.LINE_STRONG),
        "focus": (palette.SURFACE, palette.ACCENT),
    }
    _surface(theme, style, "Round.field", faces)
    area = ("Entry.textarea", {"sticky": "nswe"})
    padding = ("Entry.padding", {"sticky": "nswe", "children": [area]})
    style.layout("TEntry", [("Round.field", {"sticky": "nswe", "children": [padding]})])
    style.configure("TEntry", padding=(palette.PAD, palette.PAD), insertwidth=2)
    selected = {"selectbackground": palette.ACCENT, "selectforeground": palette.ON_ACCENT}
    style.configure("TEntry", **selected)


def _bars(theme: Theme, style: ttk.Style) -> None:
    # 图片比两端的圆角长: 九宫格的中间要有东西可以拉
    height = theme.pixels(8)
    size, cap = (3 * height, height), (height // 2, 0)
    trough = theme.rounded(size, height // 2, palette.SURFACE_3)
    style.element_create("Round.trough", "image", trough, border=cap, sticky="we", height=height)
    for name, color in (
        ("Move", palette.ACCENT),
        ("Good", palette.GOOD),
        ("Bad", palette.BAD),
        ("Idle", palette.LINE_STRONG),
    ):
        picture = theme.rounded(size, height // 2, color)
        # 进度条按名字的末节找滑块: 必须叫 pbar
        style.element_create(f"{name}.pbar", "image", picture, border=cap, sticky="we", height=height)
    for name in ("Move", "Good", "Bad", "Idle"):
        bar = (f"{name}.pbar", {"side": "left", "sticky": "we"})
        style.layout(
            f"{name}.Horizontal.TProgressbar", [("Round.trough", {"sticky": "we", "children": [bar]})]
        )
        style.configure(f"{name}.Horizontal.TProgressbar", background=palette.SURFACE)
    _scrollbar(theme, style)


def _scrollbar(theme: Theme, style: ttk.Style) -> None:
    width = theme.pixels(8)
    size, cap = (width, 3 * width), (0, width // 2)
    thumb = theme.rounded(size, width // 2, palette.LINE_STRONG)
    active = theme.rounded(size, width // 2, palette.TEXT_3)
    style.element_create(
        "Slim.thumb", "image", thumb, ("active", active), border=cap, sticky="ns", width=width
    )
    trough = ("Vertical.Scrollbar.trough", {"sticky": "ns", "children": [("Slim.thumb", {"sticky": "nswe"})]})
    style.layout("Vertical.TScrollbar", [trough])
    style.configure(
        "Vertical.TScrollbar",
        troughcolor=palette.SURFACE,
        bordercolor=palette.SURFACE,
        lightcolor=palette.SURFACE,
        darkcolor=palette.SURFACE,
    )
