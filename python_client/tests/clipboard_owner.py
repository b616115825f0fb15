"""另一个进程里的剪贴板主人 (例如文件管理器): python clipboard_owner.py 类型 内容 [类型 内容 ...]; 好了打印 ready, 直到被结束。

内容写成 0x66 0x69 ... 的按字节给出, refuse 是说有而要时不给, 其余是文字。
"""

from __future__ import annotations

import sys
import tkinter


def main() -> None:
    root = tkinter.Tk()
    root.withdraw()
    pairs = sys.argv[1:]
    for kind, content in zip(pairs[::2], pairs[1::2]):
        _offer(root, kind, content)
    root.selection_own(selection="CLIPBOARD")
    root.update()
    # 一个来回: 服务器已经换了主人, 也告诉了从前的
    root.winfo_pointerxy()
    print("ready", flush=True)
    root.mainloop()


def _offer(root: tkinter.Tk, kind: str, content: str) -> None:
    def give(offset: str, length: str) -> str:
        # Tk 要一段一段的
        return content[int(offset) : int(offset) + int(length)]

    if content == "refuse":
        root.tk.call("selection", "handle", "-selection", "CLIPBOARD", "-type", kind, ".", "error refused")
        return
    form = kind if content.startswith("0x") else "UTF8_STRING"
    root.selection_handle(give, selection="CLIPBOARD", type=kind, format=form)


if __name__ == "__main__":
    main()
