"""客户端发出的帧; 键与次序同 PROTOCOL.md 的例子。"""

from __future__ import annotations

import base64
import json
from typing import Sequence

from .fields import Fields


def join(
    name: str,
    *,
    session: str | None = None,
    after: int | None = None,
    features: tuple[str, ...] = ("batch", "batch_text", "offer", "people"),
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


def leave() -> str:
    """离开: 名字立刻空出来; 不说就断开的, 名字还留一会儿。"""
    return _encode({"type": "user_update", "action": "leave"})


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


def file_pause(upload_id: str) -> str:
    """告诉别人暂停了; 续传 (file_resume) 就是继续。"""
    return _encode({"type": "file_pause", "uploadId": upload_id})


def file_cancel(upload_id: str) -> str:
    """取消: 服务器删净部分文件。"""
    return _encode({"type": "file_cancel", "uploadId": upload_id})


def file_hash(upload_id: str, sha256: str) -> str:
    """秒传: 补报整个文件的 SHA-256。"""
    return _encode({"type": "file_hash", "uploadId": upload_id, "sha256": sha256})


def file_proof(upload_id: str, hashes: Sequence[str]) -> str:
    """抽查的回答: 各段内容的 SHA-256, 次序同 ranges。"""
    return _encode({"type": "file_proof", "uploadId": upload_id, "hashes": list(hashes)})


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


def search(
    ref: str, query: str, limit: int, *, before: int | None = None, utc_offset: int | None = None
) -> str:
    """要一页搜索结果; before: 只要这个 seq 之前的; utc_offset: query 里的日期按 UTC 以东几分钟。"""
    return _encode(
        {
            "type": "search",
            "query": query,
            "utcOffset": utc_offset,
            "before": before,
            "limit": limit,
            "ref": ref,
        }
    )


def transfer_ticket(ref: str) -> str:
    """要一张票: 代替会话令牌写在传输连接的网址里。"""
    return _encode({"type": "transfer_ticket", "ref": ref})


def _encode(fields: Fields) -> str:
    given = {key: value for key, value in fields.items() if value is not None}
    # 紧凑, 汉字不转义: 帧短三分之一
    encoded = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    # Tk 里的表情可能是拆开的两个代理项: 合起来; 落单的同服务器一样换成 U+FFFD, 否则编不成 UTF-8
    return encoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
