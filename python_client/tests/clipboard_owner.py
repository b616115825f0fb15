"""另一个进程里的剪贴板主人 (例如文件管理器): python clipboard_owner.py 类型 内容 [类型 内容 ...]; 好了打印 ready, 直到被结束。"""

from __future__ import annotations

import sys
import tkinter


def main() -> None:
    root = tkinter.Tk()
    root.withdraw()
    pairs = sys.argv[1:]
    for kind, content in zip(pairs[::2], pairs[1::2]):
        # 按 Tk 的规矩分段给出
        def give(offset: str, length: str, content: str = content) -> str:
            return content[int(offset) : int(offset) + int(length)]

        root.selection_handle(give, selection="CLIPBOARD", type=kind, format="UTF8_STRING")
    root.selection_own(selection="CLIPBOARD")
    root.update()
    print("ready", flush=True)
    root.mainloop()


if __name__ == "__main__":
    main()
