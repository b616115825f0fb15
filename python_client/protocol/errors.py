"""错误码与关闭码的表, 与 src/protocol/errors.ts 相同 (由共用的向量核对); 显示的中文在这里。"""

from __future__ import annotations

import re
from typing import Mapping

from .messages import CloseReason

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
    "method_not_allowed": False,
    "request_timeout": True,
    "precondition_failed": False,
    "upgrade_required": False,
    "head_too_large": False,
    "upload_unknown": False,
    "name_taken": False,
    "name_invalid": False,
    "request_in_progress": True,
    "idempotency_key_reused": False,
    "file_too_large": False,
    "frame_too_large": False,
    "text_too_long": False,
    "file_type_forbidden": False,
    "file_name_invalid": False,
    "window_exceeded": True,
    "rate_limited": True,
    "file_damaged": False,
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
    "file_damaged": "请发送者再发一次, 或请管理员由备份放回",
    "storage_full": "请联系管理员清理空间",
    "internal": "请稍后重试; 反复出现时请联系管理员",
}

# 客户端自己发现的, 服务器没有这些码
OWN_ERRORS: Mapping[str, str] = {
    "unreachable": "连不上服务器, 请检查网络与地址",
    "not_sluice": "那里的不是水闸的服务器, 请检查地址与端口",
    "no_welcome": "服务器没有答应加入, 请确认地址是水闸的服务器",
    "bad_certificate": "服务器的证书不受信任, 过期或与主机名不符; 自签的请设环境变量 SSL_CERT_FILE=/路径/cert.pem",
    "unreadable": "读不到这个文件: 可能已被移动, 删除或没有权限",
    "changed": "文件在发送期间被改动, 请重试",
    "unwritable": "写不进目标文件夹, 请检查权限与剩余空间",
    "outbox_full": "没有发出的消息太多, 请等连接恢复",
    "too_many": "列表已满, 请先清除完成的",
    "bad_reply": "服务器的应答不合协议, 请确认地址是水闸的服务器",
    "gone": "服务器上已没有这个文件",
    "no_answer": "服务器一直没有应答, 请稍后重试",
}

# 1006 从不在线上出现: 这个码的 reason 是客户端自己的: OWN_ERRORS 的码, "refused HTTP 404" 之类, 或空 (只是断了)
ABNORMAL_CLOSE = 1006
# 连上过也要说的: 域名换了主人, 证书过期; unreachable 与 no_welcome 在连上过之后只是断了网
_WRONG_PLACE = frozenset({"not_sluice", "bad_certificate"})
_REFUSED = re.compile(r"refused HTTP (\d{3})")
# 服务器在升级时拒绝: 名额已满与正在重启是暂时的, 别的 (网页来源, 路径不对) 再试也一样
_TEMPORARY = frozenset({429, 500, 502, 503, 504})

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


def describe_outage(reason: CloseReason | None, ever_joined: bool) -> str:
    """为什么现在没有连接; ever_joined: 从前连上过, 所以地址多半没有错。"""
    if reason is None:
        return "连接断开" if ever_joined else OWN_ERRORS["unreachable"]
    if reason.code in _CLOSE_TEXT:
        return describe_close(reason.code)
    status = refused_status(reason)
    if status in _TEMPORARY:
        return f"服务器暂时不接受连接 (HTTP {status})"
    if status:
        return f"服务器不接受这个连接 (HTTP {status}), 请确认地址是水闸的服务器"
    if reason.code == ABNORMAL_CLOSE and reason.reason in _WRONG_PLACE:
        return OWN_ERRORS[reason.reason]
    if ever_joined:
        return describe_close(reason.code)
    is_named = reason.code == ABNORMAL_CLOSE and reason.reason in OWN_ERRORS
    return OWN_ERRORS[reason.reason if is_named else "no_welcome"]


def refused_status(reason: CloseReason) -> int:
    """服务器拒绝升级时的 HTTP 状态; 不是这样断的为 0。"""
    found = _REFUSED.fullmatch(reason.reason) if reason.code == ABNORMAL_CLOSE else None
    return 0 if found is None else int(found.group(1))


def is_refused_for_good(reason: CloseReason) -> bool:
    """再连也是一样的拒绝: 由用户决定。"""
    return refused_status(reason) not in {0, *_TEMPORARY}


def retry_policy(code: int) -> str:
    """now, later 或 never; 表外的 (1006 等网络故障) 按 now。"""
    return CLOSES.get(code, ("", "now"))[1]
