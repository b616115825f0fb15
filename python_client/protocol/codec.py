"""帧与消息互换: decode 之后别处不再检查字段; 编码的键与次序同 PROTOCOL.md 的例子。"""

from __future__ import annotations

import base64
import json
from typing import Any, Callable, Mapping

from .fields import BadFrameError as BadFrameError
from .fields import Fields, integer, long_string, optional, parse_object, side, string, strings, time_ms
from .messages import (
    Ack,
    CloseReason,
    FileAck,
    FileCancelled,
    FileDone,
    FileMessage,
    FileReady,
    History,
    Limits,
    Presence,
    RoomMessage,
    ServerError,
    ServerMessage,
    TextMessage,
    Unknown,
    Welcome,
)

# 协议自带的键, 其余的才是错误附带的事实
_ERROR_KEYS = frozenset({"type", "code", "message", "ref", "retryable"})


def decode(text: str) -> ServerMessage:
    """一个文本帧 -> 消息。不认识的 type 得到 Unknown; 不合契约的抛 BadFrameError。"""
    fields = parse_object(text)
    kind = string(fields, "type")
    decoder = _DECODERS.get(kind)
    return Unknown(kind) if decoder is None else decoder(fields)


# ---- 客户端 -> 服务器 ----


def join(
    name: str,
    *,
    session: str | None = None,
    after: int | None = None,
    features: tuple[str, ...] = ("batch",),
) -> str:
    """加入; after 是收齐的最后一个 seq, 补发其后的。"""
    return _encode(
        {
            "type": "user_update",
            "action": "join",
            "name": name,
            "session": session,
            "after": after,
            "features": list(features),
        }
    )


def text(name: str, message: str, client_id: str) -> str:
    """一条文字; 同一个 client_id 重发不会重复广播。"""
    return _encode({"type": "text", "name": name, "message": message, "clientId": client_id})


def single_file(name: str, original_name: str, content: bytes, client_id: str) -> str:
    """一帧装下的小文件, 内容以 Base64 嵌入。"""
    filedata = base64.b64encode(content).decode("ascii")
    return _encode(
        {
            "type": "file",
            "name": name,
            "originalName": original_name,
            "filedata": filedata,
            "clientId": client_id,
        }
    )


def file_start(client_id: str, original_name: str, size: int, encoding: str) -> str:
    """开始一次分片上传; size 是字节, encoding 是 binary 或 base64。"""
    return _encode(
        {
            "type": "file_start",
            "clientId": client_id,
            "originalName": original_name,
            "size": size,
            "encoding": encoding,
        }
    )


def file_resume(client_id: str, upload_id: str, resume_token: str) -> str:
    """续传: 应答的 offset 是服务器手里的字节数。"""
    return _encode(
        {"type": "file_start", "clientId": client_id, "uploadId": upload_id, "resumeToken": resume_token}
    )


def file_chunk(upload_id: str, offset: int, data: bytes) -> str:
    """Base64 分片; 二进制的见 chunk_frame。"""
    # 直接拼: Base64 里没有要转义的字符, 省去 json 对 340 KB 的逐字检查
    encoded = base64.b64encode(data).decode("ascii")
    quoted = json.dumps(upload_id, ensure_ascii=False)
    return f'{{"type":"file_chunk","uploadId":{quoted},"offset":{offset},"data":"{encoded}"}}'


def file_end(upload_id: str, sha256: str) -> str:
    """全部发完; sha256 是整个文件的, 小写十六进制。"""
    return _encode({"type": "file_end", "uploadId": upload_id, "sha256": sha256})


def file_cancel(upload_id: str) -> str:
    """取消: 服务器删净部分文件。"""
    return _encode({"type": "file_cancel", "uploadId": upload_id})


def history(
    ref: str,
    limit: int,
    *,
    before: int | None = None,
    after: int | None = None,
    kind: str | None = None,
) -> str:
    """要一页历史; before 与 after 都不给就是最近的。"""
    return _encode(
        {"type": "history", "before": before, "after": after, "limit": limit, "kind": kind, "ref": ref}
    )


def encode_room_message(message: RoomMessage) -> dict[str, Any]:
    """聊天消息的线上形状 (没有的字段不写), 供 recv 逐行输出。"""
    if isinstance(message, TextMessage):
        fields: dict[str, Any] = {
            "type": "text",
            "id": message.id,
            "seq": message.seq,
            "time": message.time_ms,
            "name": message.name,
            "message": message.message,
        }
        return fields
    fields = {
        "type": "file",
        "id": message.id,
        "seq": message.seq,
        "time": message.time_ms,
        "name": message.name,
        "originalName": message.original_name,
        "url": message.url,
        "size": message.size,
        "mimeType": message.mime_type,
        "sha256": message.sha256,
        "thumbUrl": message.thumb_url,
        "width": message.width,
        "height": message.height,
    }
    return {key: value for key, value in fields.items() if value is not None}


def decode_limits(body: str) -> tuple[Limits, frozenset[str]]:
    """GET /api/limits 的应答体 -> 上限, 禁止的扩展名 (小写, 不带点)。不合契约抛 BadFrameError。"""
    fields = parse_object(body)
    return _limits(fields), frozenset(strings(fields, "blockedExtensions"))


def _encode(fields: Fields) -> str:
    given = {key: value for key, value in fields.items() if value is not None}
    # 紧凑, 汉字不转义: 帧短三分之一
    encoded = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    # Tk 里的表情可能是拆开的两个代理项: 合起来; 落单的同服务器一样换成 U+FFFD, 否则编不成 UTF-8
    return encoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# ---- 服务器 -> 客户端 ----


def _welcome(fields: Fields) -> Welcome:
    close = fields.get("lastClose")
    last_close = None
    if isinstance(close, dict):
        last_close = CloseReason(integer(close, "code"), string(close, "reason"))
    return Welcome(
        name=string(fields, "name"),
        session=string(fields, "session"),
        users=strings(fields, "users"),
        online=integer(fields, "online"),
        epoch=string(fields, "epoch"),
        seq=integer(fields, "seq"),
        limits=_limits(fields),
        features=frozenset(strings(fields, "features")),
        last_close=last_close,
    )


def _limits(fields: Fields) -> Limits:
    limits = fields.get("limits")
    if not isinstance(limits, dict):
        raise BadFrameError("limits")
    return Limits(
        file_bytes=integer(limits, "fileBytes"),
        frame_bytes=integer(limits, "frameBytes"),
        chunk_bytes=integer(limits, "chunkBytes"),
        window_bytes=integer(limits, "windowBytes"),
        text_bytes=integer(limits, "textBytes"),
        name_length=integer(limits, "nameLength"),
    )


def _presence(fields: Fields) -> ServerMessage:
    action = string(fields, "action")
    if action == "sync":
        return Presence(strings(fields, "joined"), strings(fields, "left"), integer(fields, "online"))
    if action == "join":
        return Presence((string(fields, "name"),), ())
    if action == "leave":
        return Presence((), (string(fields, "name"),))
    return Unknown(f"user_update {action}")


def _text(fields: Fields) -> TextMessage:
    return TextMessage(
        id=string(fields, "id"),
        seq=integer(fields, "seq"),
        time_ms=time_ms(fields, "time"),
        name=string(fields, "name"),
        message=long_string(fields, "message"),
    )


def _file(fields: Fields) -> FileMessage:
    return FileMessage(
        id=string(fields, "id"),
        seq=integer(fields, "seq"),
        time_ms=time_ms(fields, "time"),
        name=string(fields, "name"),
        original_name=string(fields, "originalName"),
        url=string(fields, "url"),
        size=integer(fields, "size"),
        mime_type=string(fields, "mimeType"),
        sha256=string(fields, "sha256"),
        thumb_url=optional(fields, "thumbUrl", string),
        width=optional(fields, "width", side),
        height=optional(fields, "height", side),
    )


def _ack(fields: Fields) -> Ack:
    return Ack(
        client_id=string(fields, "clientId"),
        id=string(fields, "id"),
        seq=integer(fields, "seq"),
        time_ms=time_ms(fields, "time"),
    )


def _file_ready(fields: Fields) -> FileReady:
    return FileReady(
        upload_id=string(fields, "uploadId"),
        resume_token=string(fields, "resumeToken"),
        offset=integer(fields, "offset"),
        chunk_bytes=integer(fields, "chunkBytes"),
        window_bytes=integer(fields, "windowBytes"),
        client_id=optional(fields, "clientId", string),
    )


def _file_ack(fields: Fields) -> FileAck:
    return FileAck(string(fields, "uploadId"), integer(fields, "offset"))


def _file_done(fields: Fields) -> FileDone:
    return FileDone(string(fields, "uploadId"), _file(fields), optional(fields, "clientId", string))


def _file_cancelled(fields: Fields) -> FileCancelled:
    return FileCancelled(string(fields, "uploadId"))


def _history(fields: Fields) -> History:
    messages = fields.get("messages")
    if not isinstance(messages, list):
        raise BadFrameError("messages")
    known = [message for message in map(_room_message, messages) if message is not None]
    return History(
        messages=tuple(known),
        more=fields.get("more") is True,
        kind=optional(fields, "kind", string),
        ref=optional(fields, "ref", string),
        skipped=len(messages) - len(known),
    )


def _room_message(item: Any) -> RoomMessage | None:
    """None: 不合契约的一项, 或以后的新类型; 不能因为它丢了整页。"""
    kind = item.get("type") if isinstance(item, dict) else None
    try:
        if kind == "text":
            return _text(item)
        return _file(item) if kind == "file" else None
    except BadFrameError:
        # 由会话按 skipped 记日志: 这里是纯的
        return None


def _error(fields: Fields) -> ServerError:
    facts = {
        key: string(fields, key) if isinstance(value, str) else value
        for key, value in fields.items()
        if key not in _ERROR_KEYS and isinstance(value, (int, str)) and not isinstance(value, bool)
    }
    return ServerError(
        code=string(fields, "code"),
        message=string(fields, "message"),
        retryable=fields.get("retryable") is True,
        ref=optional(fields, "ref", string),
        facts=facts,
    )


_DECODERS: Mapping[str, Callable[[Fields], ServerMessage]] = {
    "welcome": _welcome,
    "user_update": _presence,
    "text": _text,
    "file": _file,
    "ack": _ack,
    "file_ready": _file_ready,
    "file_ack": _file_ack,
    "file_done": _file_done,
    "file_cancelled": _file_cancelled,
    "history": _history,
    "error": _error,
}
