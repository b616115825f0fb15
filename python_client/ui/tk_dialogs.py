"""Tk 自己的文件对话框 (Linux 上没有系统的): 换成中文, 不列隐藏文件, 颜色与窗口一致。"""

from __future__ import annotations

import tkinter
from tkinter import ttk

from . import palette

# Tk 的 tkfbox.tcl 与 choosedir.tcl 里用到的; & 后面的字母原是快捷键, 中文里不留
_WORDS = {
    "Open": "打开",
    "Save As": "另存为",
    "Choose Directory": "选择文件夹",
    "&Directory:": "文件夹:",
    "File &name:": "文件名:",
    "File &names:": "文件名:",
    "Files of &type:": "文件类型:",
    "&Selection:": "选中的:",
    "&OK": "确定",
    "&Cancel": "取消",
    "&Open": "打开",
    "&Save": "保存",
    "&Yes": "是",
    "&No": "否",
    "Show &Hidden Files and Directories": "显示隐藏的文件与文件夹",
    "Show &Hidden Directories": "显示隐藏的文件夹",
    'File "%1$s"  does not exist.': "没有这个文件: %1$s",
    'Directory "%1$s" does not exist.': "没有这个文件夹: %1$s",
    'Cannot change to the directory "%1$s".\nPermission denied.': "没有权限打开文件夹: %1$s",
    'Invalid file name "%1$s".': "文件名不对: %1$s",
    'File "%1$s" already exists.\nDo you want to overwrite it?': "已经有这个文件: %1$s\n要替换它吗?",
}


def prepare_file_dialogs(root: tkinter.Tk) -> None:
    """只有 X11 用 Tk 自己的对话框; 别的系统的对话框是系统的语言。"""
    if root.tk.call("tk", "windowingsystem") != "x11":
        return
    root.tk.call("package", "require", "msgcat")
    locale = root.tk.call("::msgcat::mclocale")
    for source, written in _WORDS.items():
        # 目录属于命名空间: Tk 的在 ::tk 里
        root.tk.call("namespace", "eval", "::tk", ["::msgcat::mcset", locale, source, written])
    # 这两个变量要等 Tk 载入它的文件才有; 载入不显示任何东西
    root.tk.call("auto_load", "::tk::dialog::file::")
    root.tk.eval("namespace eval ::tk::dialog::file {variable showHiddenVar 0; variable showHiddenBtn 1}")


def style_file_dialogs(style: ttk.Style) -> None:
    """对话框里用到而窗口里没有的 ttk 部件。"""
    style.map(
        "TLabel",
        background=[("disabled", palette.BACKGROUND)],
        foreground=[("disabled", palette.TEXT_3)],
    )
    style.map("TCheckbutton", background=[("active", palette.BACKGROUND)])
    style.configure("TMenubutton", background=palette.SURFACE)
    style.map("TMenubutton", background=[("disabled", palette.SURFACE_2), ("active", palette.SURFACE_3)])
