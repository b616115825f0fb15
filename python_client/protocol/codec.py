"""服务器的帧 -> 消息: decode 之后别处不再检查字段。自己发的帧见 client_frames.py。"""

from __future__ import annotations

from typing import Any, Callable, Mapping

from .fields import BadFrameError as BadFrameError
from .fields import Fields, integer, long_string, optional, parse_object, side, string, strings, time_ms
from .messages import (
    CHALLENGE_RANGES,
    Ack,
    Batch,
    ByteRange,
    CloseReason,
    FileAck,
    FileCancelled,
    FileChallenge,
    FileDone,
    FileMessage,
    FileOffer,
    FileReady,
    FileWithdrawn,
    History,
    Limits,
    Presence,
    RoomMessage,
    SearchPage,
    ServerError,
    ServerMessage,
    TextMessage,
    TransferTicket,
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
            "from": message.from_tag,
        }
        return {key: value for key, value in fields.items() if value is not None}
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
        "from": message.from_tag,
    }
    return {key: value for key, value in fields.items() if value is not None}


def decode_search(body: str) -> SearchPage:
    """GET /api/search 的应答体。不合契约抛 BadFrameError。"""
    return _search(parse_object(body))


def decode_limits(body: str) -> tuple[Limits, frozenset[str]]:
    """GET /api/limits 的应答体 -> 上限, 禁止的扩展名 (小写, 不带点)。不合契约抛 BadFrameError。"""
    fields = parse_object(body)
    return _limits(fields), frozenset(strings(fields, "blockedExtensions"))


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
        messages_per_second=optional(limits, "messagesPerSecond", integer),
        messages_burst=optional(limits, "messagesBurst", integer),
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
        from_tag=optional(fields, "from", string),
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
        from_tag=optional(fields, "from", string),
    )


def _batch(fields: Fields) -> Batch:
    return Batch(*_room_messages(fields))


def _ack(fields: Fields) -> Ack:
    return Ack(
        client_id=string(fields, "clientId"),
        id=string(fields, "id"),
        seq=integer(fields, "seq"),
        time_ms=time_ms(fields, "time"),
        original_name=optional(fields, "originalName", string),
    )


def _file_ready(fields: Fields) -> FileReady:
    return FileReady(
        upload_id=string(fields, "uploadId"),
        resume_token=string(fields, "resumeToken"),
        offset=integer(fields, "offset"),
        chunk_bytes=integer(fields, "chunkBytes"),
        window_bytes=integer(fields, "windowBytes"),
        file_id=string(fields, "fileId"),
        size_known=fields.get("sizeKnown") is True,
        client_id=optional(fields, "clientId", string),
        original_name=optional(fields, "originalName", string),
    )


def _file_ack(fields: Fields) -> FileAck:
    return FileAck(string(fields, "uploadId"), integer(fields, "offset"))


def _file_done(fields: Fields) -> FileDone:
    return FileDone(string(fields, "uploadId"), _file(fields), optional(fields, "clientId", string))


def _file_cancelled(fields: Fields) -> FileCancelled:
    return FileCancelled(string(fields, "uploadId"))


def _file_challenge(fields: Fields) -> FileChallenge:
    ranges = fields.get("ranges")
    if not isinstance(ranges, list) or len(ranges) != CHALLENGE_RANGES:
        raise BadFrameError("ranges")
    return FileChallenge(
        string(fields, "uploadId"), tuple(map(_byte_range, ranges)), optional(fields, "clientId", string)
    )


def _byte_range(item: Any) -> ByteRange:
    if not isinstance(item, dict):
        raise BadFrameError("ranges")
    byte_range = ByteRange(integer(item, "offset"), integer(item, "length"))
    if byte_range.length == 0:
        raise BadFrameError("ranges 里有空的一段")
    return byte_range


def _file_offer(fields: Fields) -> FileOffer:
    return FileOffer(
        id=string(fields, "id"),
        name=string(fields, "name"),
        original_name=string(fields, "originalName"),
        size=integer(fields, "size"),
        url=string(fields, "url"),
        received=integer(fields, "received"),
        state=optional(fields, "state", string) or "sending",
        from_tag=optional(fields, "from", string),
    )


def _file_withdrawn(fields: Fields) -> FileWithdrawn:
    return FileWithdrawn(string(fields, "id"))


def _history(fields: Fields) -> History:
    messages, skipped = _room_messages(fields)
    return History(
        messages=messages,
        more=fields.get("more") is True,
        kind=optional(fields, "kind", string),
        total=optional(fields, "total", integer),
        ref=optional(fields, "ref", string),
        skipped=skipped,
    )


def _search(fields: Fields) -> SearchPage:
    messages, skipped = _room_messages(fields)
    return SearchPage(
        query=string(fields, "query"),
        messages=messages,
        more=fields.get("more") is True,
        ref=optional(fields, "ref", string),
        skipped=skipped,
    )


def _transfer_ticket(fields: Fields) -> TransferTicket:
    return TransferTicket(string(fields, "ticket"), optional(fields, "ref", string))


def _room_messages(fields: Fields) -> tuple[tuple[RoomMessage, ...], int]:
    """认得的各条, 以及去掉的有几项。"""
    messages = fields.get("messages")
    if not isinstance(messages, list):
        raise BadFrameError("messages")
    known = [message for message in map(_room_message, messages) if message is not None]
    return tuple(known), len(messages) - len(known)


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
    "batch": _batch,
    "ack": _ack,
    "file_ready": _file_ready,
    "file_ack": _file_ack,
    "file_done": _file_done,
    "file_cancelled": _file_cancelled,
    "file_challenge": _file_challenge,
    "file_offer": _file_offer,
    "file_withdrawn": _file_withdrawn,
    "history": _history,
    "search": _search,
    "transfer_ticket": _transfer_ticket,
    "error": _error,
}
