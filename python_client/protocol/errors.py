"""错误码与关闭码的表, 与 src/protocol/errors.ts 相同 (由共用的向量核对); 显示的中文在这里。"""

from __future__ import annotations

from typing import Mapping

# 原样再发可能成功的; 其余的都不该自动重试
ERRORS: Mapping[str, bool] = {
    "bad_json": False,
    "invalid_field": False,
    "unknown_type": False,
    "base64_invalid": False,
    "offset_mismatch": True,
    "size_mismatch": False,
    "checksum_mismatch": False,
    "unauthorized": False,
    "forbidden_origin": False,
    "not_found": False,
    "upload_unknown": False,
    "name_taken": False,
    "name_invalid": False,
    "file_too_large": False,
    "frame_too_large": False,
    "text_too_long": False,
    "file_type_forbidden": False,
    "file_name_invalid": False,
    "window_exceeded": True,
    "rate_limited": True,
    "storage_full": False,
    "server_busy": True,
    "server_stopping": True,
    "internal": False,
}

# 关闭码 -> (原因, 何时重连): now 立即 (带抖动), later 30 秒后, never 由用户决定
CLOSES: Mapping[int, tuple[str, str]] = {
    1001: ("stopping", "now"),
    1009: ("frame_too_large", "never"),
    4001: ("unauthorized", "never"),
    4008: ("slow_consumer", "now"),
    4009: ("release_memory", "now"),
    4010: ("flooding", "later"),
    4012: ("replaced", "never"),
}

# 用户能做点什么的才写; 与网页的同一句话
ADVICE: Mapping[str, str] = {
    "offset_mismatch": "会自动从正确的位置继续",
    "size_mismatch": "文件可能在发送时被改动, 请重试",
    "checksum_mismatch": "请重试; 反复出现时, 请检查文件或磁盘",
    "unauthorized": "请重新进入聊天",
    "forbidden_origin": "请让管理员把这个网址加进 allowedOrigins",
    "upload_unknown": "请重试, 会从头发送",
    "file_too_large": "可以压缩或拆分之后再发",
    "text_too_long": "请分成几条, 或作为文本文件发送",
    "file_type_forbidden": "哪些类型可以发由管理员决定",
    "file_name_invalid": "请改名之后再发",
    "storage_full": "请联系管理员清理空间",
    "internal": "请稍后重试; 反复出现时请联系管理员",
}

# 客户端自己发现的, 服务器没有这些码
OWN_ERRORS: Mapping[str, str] = {
    "unreachable": "连不上服务器, 请检查网络与地址",
    "unreadable": "读不到这个文件: 可能已被移动, 删除或没有权限",
    "changed": "文件在发送期间被改动, 请重试",
    "unwritable": "写不进目标文件夹, 请检查权限与剩余空间",
    "outbox_full": "没有发出的消息太多, 请等连接恢复",
    "too_many": "列表已满, 请先清除完成的",
    "bad_reply": "服务器的应答不合协议, 请确认地址是水闸的服务器",
    "gone": "服务器上已没有这个文件",
    "no_answer": "服务器一直没有应答, 请稍后重试",
}

_CLOSE_TEXT: Mapping[int, str] = {
    1001: "服务器正在重启",
    1009: "一帧过大, 服务器断开了连接",
    4001: "会话已失效",
    4008: "网络太慢, 服务器断开了连接",
    4009: "服务器收回内存, 请求重连",
    4010: "消息太频繁, 服务器断开了连接",
    4012: "同一会话打开的窗口太多, 这一个被替换",
}


def describe_error(code: str, message: str) -> str:
    """给用户看的一行: 服务器的说明加上怎么办。没有说明时用自己的。"""
    said = message or OWN_ERRORS.get(code, code)
    advice = ADVICE.get(code)
    return said if advice is None else f"{said}; {advice}"


def describe_close(code: int) -> str:
    """断线的原因, 给状态栏。"""
    return _CLOSE_TEXT.get(code, "网络断开")


def retry_policy(code: int) -> str:
    """now, later 或 never; 表外的 (1006 等网络故障) 按 now。"""
    return CLOSES.get(code, ("", "now"))[1]


def is_retryable(code: str, announced: bool | None = None) -> bool:
    """服务器在错误里写明的为准; 没有写就查表。"""
    return ERRORS.get(code, False) if announced is None else announced
