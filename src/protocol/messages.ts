// 线上消息的形状与上限; 字段名与次序即契约, 逐项说明见 PROTOCOL.md
import type { ErrorCode, ErrorFacts } from './errors.js';

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
/** 服务器支持的可选能力 */
export const SERVER_FEATURES = ['batch', 'binary_chunk'] as const;

export type ChunkEncoding = 'base64' | 'binary';

export interface Limits {
  readonly fileBytes: number;
  readonly frameBytes: number;
  readonly chunkBytes: number;
  readonly windowBytes: number;
  readonly textBytes: number;
  readonly nameLength: number;
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
  | FileCancelMessage
  | HistoryMessage;

// ---- 服务器 -> 客户端 ----

export interface LastClose {
  readonly code: number;
  readonly reason: string;
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
  readonly message: string;
}
/** 已发布的文件; path 类字段在编码时按收件人的来源变成绝对链接 */
export interface FileRecord {
  readonly id: string;
  readonly name: string;
  readonly originalName: string;
  /** 服务器内的路径, 如 /files/UUID.pdf */
  readonly path: string;
  readonly size: number;
  readonly mimeType: string;
  readonly sha256: string;
  /** 仅图片 */
  readonly thumbPath?: string;
  readonly width?: number;
  readonly height?: number;
}
export interface FileBroadcast {
  readonly type: 'file';
  readonly id: string;
  readonly seq: number;
  readonly time: number;
  readonly name: string;
  readonly originalName: string;
  readonly url: string;
  readonly size: number;
  readonly mimeType: string;
  readonly sha256: string;
  readonly thumbUrl?: string;
  readonly width?: number;
  readonly height?: number;
}
export interface AckMessage {
  readonly type: 'ack';
  readonly clientId: string;
  readonly id: string;
  readonly seq: number;
  readonly time: number;
}
export interface FileReadyMessage {
  readonly type: 'file_ready';
  readonly clientId?: string;
  readonly uploadId: string;
  readonly resumeToken: string;
  readonly offset: number;
  readonly chunkBytes: number;
  readonly windowBytes: number;
}
export interface FileAckMessage {
  readonly type: 'file_ack';
  readonly uploadId: string;
  readonly offset: number;
}
export interface FileDoneMessage extends Omit<FileBroadcast, 'type'> {
  readonly type: 'file_done';
  readonly clientId?: string;
  readonly uploadId: string;
}
export interface FileCancelledMessage {
  readonly type: 'file_cancelled';
  readonly uploadId: string;
}
export interface HistoryReply {
  readonly type: 'history';
  readonly messages: readonly (TextBroadcast | FileBroadcast)[];
  readonly more: boolean;
  readonly kind?: HistoryKind;
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
  | AckMessage
  | FileReadyMessage
  | FileAckMessage
  | FileDoneMessage
  | FileCancelledMessage
  | HistoryReply
  | ErrorMessage;

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
  readonly message: string;
}
export interface FileEntry {
  readonly kind: 'file';
  readonly seq: number;
  readonly time: number;
  readonly file: FileRecord;
}
export type RoomEntry = TextEntry | FileEntry;
