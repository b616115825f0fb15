// 出错时给用户看的话: 中文取协议自己的说明再加上怎么办, 英文在这里; 少写一个代码就编译不过
import { ERRORS, type ErrorCode } from '../../../src/protocol/errors.js';
import type { TransferErrorCode } from '../model/transfers.js';

/** 服务器的错误码, 上传时网页自己发现的, 以及连不上 */
export type ShownErrorCode = TransferErrorCode | 'unreachable' | 'refused';

type OwnCode = Exclude<ShownErrorCode, ErrorCode>;

/** 用户能做点什么的才写 */
export const ADVICE_ZH: Readonly<Partial<Record<ErrorCode, string>>> = {
  offset_mismatch: '会自动从正确的位置继续',
  size_mismatch: '文件可能在发送时被改动, 请重试',
  checksum_mismatch: '请重试; 反复出现时, 请检查文件或磁盘',
  unauthorized: '请重新进入聊天',
  forbidden_origin: '请让管理员把这个网址加进 allowedOrigins',
  upload_unknown: '请重试, 会从头发送',
  file_too_large: '可以压缩或拆分之后再发',
  text_too_long: '请分成几条, 或作为文本文件发送',
  file_type_forbidden: '哪些类型可以发由管理员决定',
  file_name_invalid: '请改名之后再发',
  file_damaged: '请发送者再发一次, 或请管理员由备份放回',
  storage_full: '请联系管理员清理空间',
  internal: '请稍后重试; 反复出现时请联系管理员',
};

const OWN_ZH: Readonly<Record<OwnCode, string>> = {
  different_file: '这不是同一个文件, 请选择原来的那个',
  unreadable: '读不到这个文件: 可能已被移动, 删除或改动, 请重新选择',
  empty_folder: '这个文件夹里没有文件',
  too_many: '一次选的文件太多, 超出的没有加入',
  worker_failed: '浏览器的后台线程出错, 请重试或刷新页面',
  unreachable: '连不上服务器, 请检查网络与地址',
  refused: '服务器暂时不接受连接, 可能是人太多, 请稍后再试; 一直这样, 请告诉管理员',
};

export const ERRORS_ZH: Readonly<Record<ShownErrorCode, string>> = {
  ...(Object.fromEntries(Object.entries(ERRORS).map(([code, { message }]) => [code, message])) as Record<
    ErrorCode,
    string
  >),
  ...OWN_ZH,
};

export const ERRORS_EN: Readonly<Record<ShownErrorCode, string>> = {
  bad_json: 'The message is not a valid JSON object',
  invalid_field: 'A field of the message is missing or not valid',
  unknown_type: 'The server does not know this kind of message',
  base64_invalid: 'The file content is not valid Base64',
  offset_mismatch: 'The upload is out of step; it goes on from the right place by itself',
  size_mismatch: 'The size differs from what was announced; the file may have changed. Please retry',
  checksum_mismatch: 'The SHA-256 does not match, so the file was not published. Please retry',
  unauthorized: 'There is no valid session. Please enter the chat again',
  forbidden_origin: 'The server does not accept connections from this address',
  not_found: 'There is no such resource',
  method_not_allowed: 'This address does not support that method',
  request_timeout: 'Nothing arrived for too long; please check the network and retry',
  precondition_failed: 'The resource is not the one that was asked for',
  upgrade_required: 'This address only speaks WebSocket, version 13',
  head_too_large: 'The request headers are too long',
  upload_unknown: 'The server no longer knows this upload. Retry to send it from the start',
  name_taken:
    'This name is in use, kept for someone who just dropped off, or reserved; please choose another',
  name_invalid: 'The name must have 1 to 32 visible characters and not mix look-alike scripts in one word',
  request_in_progress: 'The same request is still being worked on; please wait a little',
  idempotency_key_reused: 'This idempotency key was used for other files; please use a new one',
  file_too_large: 'The file is over the size limit',
  frame_too_large: 'The message is too large for one frame',
  text_too_long: 'The message is too long; send it in parts or as a text file',
  file_type_forbidden: 'Files of this type are not allowed here; the administrator decides which are',
  file_name_invalid: 'Nothing usable is left of this file name; please rename the file',
  window_exceeded: 'Too much is waiting for confirmation; it goes on in a moment',
  rate_limited: 'Too much or too fast; please wait a little',
  file_damaged: 'The file is damaged on the disk of the server; ask its sender to send it again',
  storage_full: 'The server has run out of storage; please tell the administrator',
  server_busy: 'The server is at its limit; please try again later',
  server_stopping: 'The server is stopping; please come back in a moment',
  internal: 'Something went wrong on the server; please try again later',
  different_file: 'This is not the same file; please choose the original one',
  unreadable: 'The file cannot be read: it may have been moved, deleted or changed',
  empty_folder: 'There are no files in this folder',
  too_many: 'Too many files at once; the rest were not added',
  worker_failed: 'A background worker of the browser failed; retry or reload the page',
  unreachable: 'The server cannot be reached; check the network and the address',
  refused:
    'The server is not taking this connection; it may be full. Try again later, or tell the administrator',
};
