// 线上消息的形状与上限; 字段名与次序即契约, 逐项说明见 PROTOCOL.md
import type { ErrorCode, ErrorFacts } from './errors.js';
import type { FileGroup } from './file-kind.js';
import type { Renamed } from './renamed-from.js';

/** 数据分片解码后的硬上限: 1 MiB; 更大的帧会让单次回调占住事件循环 */
export const MAX_CHUNK_BYTES = 1_048_576;
/** clientId 与 history 的 ref 的最大长度 (字符) */
export const MAX_CLIENT_ID_LENGTH = 64;
/** welcome 里最多列出的用户数; online 字段给出真实总数 */
export const MAX_LISTED_USERS = 500;
/** history 没有给出 limit, 以及加入时自动补发的条数 */
export const DEFAULT_HISTORY_LIMIT = 50;
/** 一次 history 应答最多的条数 */
export const MAX_HISTORY_LIMIT = 200;
/** 除文件内容外, 一帧 JSON 的上限 (字节): 16384 字节正文全部写成 \uXXXX 也放得下 */
export const MAX_ENVELOPE_BYTES = 160 * 1024;
/** history 可以限定的种类; 目前只有文件列表用得上 */
export type HistoryKind = 'file';
/** 服务器可能支持的可选能力; instant 可由 files.instantSend 关掉, 关掉就不列出 */
export const SERVER_FEATURES = [
  'batch',
  'batch_text',
  'binary_chunk',
  'offer',
  'search',
  'instant',
  'pause',
  'ticket',
  'people',
] as const;
/** search 没有给出 limit 时的条数 */
export const DEFAULT_SEARCH_LIMIT = 20;
/** 一次 search 应答最多的条数 */
export const MAX_SEARCH_LIMIT = 100;
/** 搜索词的最大长度 (字符) */
export const MAX_QUERY_LENGTH = 256;
/** 时区与 UTC 最多差这么多分钟 (UTC+14) */
export const MAX_UTC_OFFSET = 840;
/** 秒传的抽查: 服务器随机点名的段数, 客户端照段的先后答这么多个 SHA-256 */
export const CHALLENGE_RANGES = 3;

export type ChunkEncoding = 'base64' | 'binary';

export interface Limits {
  readonly fileBytes: number;
  readonly frameBytes: number;
  readonly chunkBytes: number;
  readonly windowBytes: number;
  readonly textBytes: number;
  readonly nameLength: number;
  /** 每个会话平均每秒的消息, 分片不计; 0 = 不限 */
  readonly messagesPerSecond: number;
  /** 一口气至多这么多条; 0 = 不限 */
  readonly messagesBurst: number;
}

// ---- 客户端 -> 服务器 ----

export interface JoinMessage {
  readonly type: 'user_update';
  readonly action: 'join';
  readonly name: string;
  readonly session?: string;
  readonly after?: number;
  readonly features?: readonly string[];
}
export interface LeaveMessage {
  readonly type: 'user_update';
  readonly action: 'leave';
}
export interface TextMessage {
  readonly type: 'text';
  readonly name?: string;
  readonly message: string;
  readonly clientId?: string;
}
export interface FileMessage {
  readonly type: 'file';
  readonly name?: string;
  readonly originalName: string;
  readonly mimeType?: string;
  readonly clientId?: string;
  /** Base64 原文 (JSON 字符串引号之间的字节), 是帧的视图, 只在回调内有效 */
  readonly filedata: Uint8Array;
}
export interface FileStartMessage {
  readonly type: 'file_start';
  readonly name?: string;
  readonly clientId?: string;
  readonly originalName: string;
  readonly size?: number;
  readonly encoding: ChunkEncoding;
  readonly mimeType?: string;
  readonly sha256?: string;
}
export interface FileResumeMessage {
  readonly type: 'file_resume';
  readonly clientId?: string;
  readonly uploadId: string;
  readonly resumeToken: string;
}
export interface FileChunkMessage {
  readonly type: 'file_chunk';
  readonly uploadId: string;
  readonly offset: number;
  /** base64: 引号之间的原文; binary: 原始字节。都是帧的视图, 只在回调内有效 */
  readonly encoding: ChunkEncoding;
  readonly data: Uint8Array;
}
export interface FileEndMessage {
  readonly type: 'file_end';
  readonly uploadId: string;
  readonly sha256?: string;
}
/** 上传者暂停了: 只改变别人看到的 file_offer, 已收下的照常留着; 续传就是继续 */
export interface FilePauseMessage {
  readonly type: 'file_pause';
  readonly uploadId: string;
}
export interface FileCancelMessage {
  readonly type: 'file_cancel';
  readonly uploadId: string;
}
export interface HistoryMessage {
  readonly type: 'history';
  readonly before?: number;
  readonly after?: number;
  readonly kind?: HistoryKind;
  /** 1 到 200 */
  readonly limit: number;
  readonly ref?: string;
}

/** 秒传: 补报整个文件的 SHA-256; 服务器有同样的内容就发 file_challenge */
export interface FileHashMessage {
  readonly type: 'file_hash';
  readonly uploadId: string;
  readonly sha256: string;
}
/** file_challenge 的回答: 各段内容的 SHA-256, 次序同 ranges */
export interface FileProofMessage {
  readonly type: 'file_proof';
  readonly uploadId: string;
  readonly hashes: readonly string[];
}
export interface SearchMessage {
  readonly type: 'search';
  /** 去掉首尾空白之后 1 到 MAX_QUERY_LENGTH 个字符, 写法见 search-query.ts; 限定了 kind 时可以为空 */
  readonly query: string;
  /** 只要文件: 词也可以出现在发送者的名字里, 应答带 total */
  readonly kind?: HistoryKind;
  /** 只要这一大类的文件 */
  readonly group?: FileGroup;
  /** 发送者, 与 query 里的 from: 同义 */
  readonly from?: string;
  /** query 里的日期按哪个时区: UTC 以东的分钟; 没有则按服务器的 */
  readonly utcOffset?: number;
  readonly before?: number;
  /** 1 到 MAX_SEARCH_LIMIT */
  readonly limit: number;
  readonly ref?: string;
}

/** 要一张票: 代替会话令牌写在传输连接的网址里 */
export interface TransferTicketMessage {
  readonly type: 'transfer_ticket';
  readonly ref?: string;
}

/** file_resume 只是带 uploadId 的 file_start 在解码后的名字, 线上仍是 file_start */
export type ClientMessage =
  | JoinMessage
  | LeaveMessage
  | TextMessage
  | FileMessage
  | FileStartMessage
  | FileResumeMessage
  | FileChunkMessage
  | FileEndMessage
  | FilePauseMessage
  | FileCancelMessage
  | FileHashMessage
  | FileProofMessage
  | HistoryMessage
  | SearchMessage
  | TransferTicketMessage;

// ---- 服务器 -> 客户端 ----

export interface LastClose {
  readonly code: number;
  readonly reason: string;
}
/** 自己在别人眼里是谁; 现在都是 guest */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: 'guest';
  readonly kind: 'guest';
}
export interface WelcomeMessage {
  readonly type: 'welcome';
  readonly name: string;
  readonly session: string;
  readonly users: readonly string[];
  readonly online: number;
  readonly epoch: string;
  readonly seq: number;
  readonly limits: Limits;
  readonly features: readonly string[];
  /** 只发给声明了 people 的 */
  readonly person?: Person;
  readonly lastClose?: LastClose;
}
export interface PresenceMessage {
  readonly type: 'user_update';
  readonly action: 'join' | 'leave';
  readonly name: string;
}
export interface PresenceSyncMessage {
  readonly type: 'user_update';
  readonly action: 'sync';
  readonly joined: readonly string[];
  readonly left: readonly string[];
  readonly online: number;
}
export interface TextBroadcast {
  readonly type: 'text';
  readonly id: string;
  readonly seq: number;
  readonly time: number;
  readonly name: string;
  /** 只发给声明了 people 的 */
  readonly from?: string;
  readonly message: string;
}
/** 文本文件的编码, 凭内容认出; 都是浏览器认得的写法 */
export const TEXT_CHARSETS = ['gb18030', 'utf-16le', 'utf-16be'] as const;
export type TextCharset = (typeof TEXT_CHARSETS)[number];
/** 收件人: 他所用的来源 (文件链接以它为前缀), 认不认得 from */
export interface Recipient {
  readonly origin: string;
  readonly people: boolean;
}
/** 谁发的: 那时显示的名字, 与他的公开标识 (同一个名字可能换了人) */
export interface Sender {
  readonly name: string;
  readonly from: string;
}
/** 已发布的文件; path 类字段在编码时按收件人的来源变成绝对链接 */
export interface FileRecord {
  readonly id: string;
  readonly name: string;
  /** 发送者的会话的公开标识; 旧的记录没有 */
  readonly from?: string;
  readonly originalName: string;
  /** 服务器内的路径, 如 /files/UUID.pdf */
  readonly path: string;
  readonly size: number;
  readonly mimeType: string;
  readonly sha256: string;
  /** 仅文本, 只在下载的头里用; 没有 (UTF-8, 看不出来, 或旧版本的记录) 即 utf-8 */
  readonly charset?: TextCharset;
  /** 仅图片 */
  readonly thumbPath?: string;
  readonly width?: number;
  readonly height?: number;
}
/**
 * 还在上传的文件此刻怎样: sending 正在传; paused 上传者自己暂停了; waiting 等他回来 (连接断了, 或很久没有字节)。
 */
export type UploaderState = 'sending' | 'paused' | 'waiting';
/** 还在上传的文件; path 在编码时按收件人的来源变成绝对链接, 发布之后不变 */
export interface OfferedFile {
  readonly id: string;
  readonly name: string;
  readonly from?: string;
  readonly originalName: string;
  readonly path: string;
  readonly size: number;
  readonly received: number;
  readonly state: UploaderState;
}
export interface FileBroadcast {
  readonly type: 'file';
  readonly id: string;
  readonly seq: number;
  readonly time: number;
  readonly name: string;
  /** 只发给声明了 people 的 */
  readonly from?: string;
  readonly originalName: string;
  readonly url: string;
  readonly size: number;
  readonly mimeType: string;
  readonly sha256: string;
  readonly thumbUrl?: string;
  readonly width?: number;
  readonly height?: number;
}
/** 一帧里的几条广播, 按 seq 的次序; 只发给声明了 batch_text 的客户端 */
export interface BatchMessage {
  readonly type: 'batch';
  readonly messages: readonly (TextBroadcast | FileBroadcast)[];
}
export interface AckMessage extends Renamed {
  readonly type: 'ack';
  readonly clientId: string;
  readonly id: string;
  readonly seq: number;
  readonly time: number;
  /** 仅文件: 清理后的名字 */
  readonly originalName?: string;
}
export interface FileReadyMessage extends Renamed {
  readonly type: 'file_ready';
  readonly clientId?: string;
  readonly uploadId: string;
  readonly resumeToken: string;
  readonly offset: number;
  readonly chunkBytes: number;
  readonly windowBytes: number;
  /** 发布之后的文件 id: 与 file_offer, file 的 id 相同 */
  readonly fileId: string;
  /** 清理后的名字 */
  readonly originalName: string;
  /** 服务器有同样大小的文件: 值得先算 SHA-256 再以 file_hash 试一次秒传。没有则不出现 */
  readonly sizeKnown?: true;
}
export interface FileAckMessage {
  readonly type: 'file_ack';
  readonly uploadId: string;
  readonly offset: number;
}
export interface FileDoneMessage extends Omit<FileBroadcast, 'type'>, Renamed {
  readonly type: 'file_done';
  readonly clientId?: string;
  readonly uploadId: string;
}
export interface FileCancelledMessage {
  readonly type: 'file_cancelled';
  readonly uploadId: string;
}
/** 秒传的抽查; 在 file_ready 之后送达, 不答也可以照常传分片 */
export interface FileChallengeMessage {
  readonly type: 'file_challenge';
  readonly clientId?: string;
  readonly uploadId: string;
  /** 恰好 CHALLENGE_RANGES 段; 文件小时可以重叠 */
  readonly ranges: readonly ByteRange[];
}
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}
/** 还在上传的文件, 已经可以从 url 下载; 只发给声明了 offer 的客户端 */
export interface FileOfferMessage {
  readonly type: 'file_offer';
  readonly id: string;
  readonly name: string;
  /** 只发给声明了 people 的 */
  readonly from?: string;
  readonly originalName: string;
  readonly size: number;
  readonly url: string;
  /** 服务器已落盘的字节数 */
  readonly received: number;
  readonly state: UploaderState;
}
/** 先前的 file_offer 作废: 上传被取消, 失败, 或停了太久 */
export interface FileWithdrawnMessage {
  readonly type: 'file_withdrawn';
  readonly id: string;
}
export interface SearchReply {
  readonly type: 'search';
  readonly query: string;
  /** 新的在前 */
  readonly messages: readonly (TextBroadcast | FileBroadcast)[];
  /** 更早的还有; 以最后一条的 seq 作 before 接着要 */
  readonly more: boolean;
  /** 请求限定了才有 */
  readonly kind?: HistoryKind;
  /** 合乎的一共有几个, 不管 before; 限定了 kind 才有 */
  readonly total?: number;
  readonly ref?: string;
}
export interface HistoryReply {
  readonly type: 'history';
  readonly messages: readonly (TextBroadcast | FileBroadcast)[];
  readonly more: boolean;
  readonly kind?: HistoryKind;
  /** 这一种一共有几条; 限定了 kind 才有 */
  readonly total?: number;
  readonly ref?: string;
}
/** 只能用一次, expiresInMs 之内有效 */
export interface TransferTicketReply {
  readonly type: 'transfer_ticket';
  readonly ticket: string;
  readonly expiresInMs: number;
  readonly ref?: string;
}
export type ErrorMessage = {
  readonly type: 'error';
  readonly code: ErrorCode;
  readonly message: string;
  readonly ref?: string;
  readonly retryable: boolean;
} & ErrorFacts;

export type ServerMessage =
  | WelcomeMessage
  | PresenceMessage
  | PresenceSyncMessage
  | TextBroadcast
  | FileBroadcast
  | BatchMessage
  | AckMessage
  | FileReadyMessage
  | FileAckMessage
  | FileDoneMessage
  | FileCancelledMessage
  | FileChallengeMessage
  | FileOfferMessage
  | FileWithdrawnMessage
  | HistoryReply
  | SearchReply
  | TransferTicketReply
  | ErrorMessage;

/** GET /api/messages 的应答体: 同 history, 旧的在前 */
export type MessagesBody = Pick<HistoryReply, 'messages' | 'more' | 'total'>;
/** GET /api/search 的应答体: 同 search, 新的在前 */
export type SearchBody = Pick<SearchReply, 'query' | 'messages' | 'more' | 'kind' | 'total'>;
/** GET /api/files 的应答体: 同限定了 kind 的 search, 新的在前 */
export interface FilesBody {
  readonly query: string;
  readonly files: readonly FileBroadcast[];
  readonly more: boolean;
  readonly total: number;
}

/** GET /api/limits 的应答体: 客户端在传第一个字节之前就能拒绝不合格的文件 */
export interface LimitsBody {
  readonly limits: Limits;
  /** 小写, 不带点; 按文件名最后一个点之后的部分比较 */
  readonly blockedExtensions: readonly string[];
  readonly features: readonly string[];
}

// ---- 房间记录: 落入消息日志的形状, 与收件人无关 ----

export interface TextEntry {
  readonly kind: 'text';
  readonly id: string;
  readonly seq: number;
  readonly time: number;
  readonly name: string;
  /** 发送者的会话的公开标识; 旧的记录没有 */
  readonly from?: string;
  readonly message: string;
}
export interface FileEntry {
  readonly kind: 'file';
  readonly seq: number;
  readonly time: number;
  readonly file: FileRecord;
}
export type RoomEntry = TextEntry | FileEntry;
