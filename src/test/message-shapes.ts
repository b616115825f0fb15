// 每种服务器消息的字段, 以及是否必有; 由编译器与 messages.ts 的类型核对, 由测试与 PROTOCOL.md 核对
import type {
  AckMessage,
  BatchMessage,
  FileAckMessage,
  FileBroadcast,
  FileCancelledMessage,
  FileChallengeMessage,
  FileDoneMessage,
  FileOfferMessage,
  FileReadyMessage,
  FileWithdrawnMessage,
  HistoryReply,
  PresenceMessage,
  PresenceSyncMessage,
  SearchReply,
  ServerMessage,
  TextBroadcast,
  WelcomeMessage,
} from '../protocol/messages.js';

/** 每个字段是否必有; 由类型推出, 下面的清单多一个, 少一个, 写反了都编译不过 */
type Need<M> = {
  readonly [K in keyof M]-?: Partial<Pick<M, K>> extends Pick<M, K> ? false : true;
};

const FILE_FIELDS = {
  id: true,
  seq: true,
  time: true,
  name: true,
  originalName: true,
  url: true,
  size: true,
  mimeType: true,
  sha256: true,
  thumbUrl: false,
  width: false,
  height: false,
} as const;

/** 键是文档里的标题 (括号之前) */
export const SHAPES = {
  welcome: {
    type: true,
    name: true,
    session: true,
    users: true,
    online: true,
    epoch: true,
    seq: true,
    limits: true,
    features: true,
    lastClose: false,
  } satisfies Need<WelcomeMessage>,
  user_update: { type: true, action: true, name: true } satisfies Need<PresenceMessage>,
  'user_update sync': {
    type: true,
    action: true,
    joined: true,
    left: true,
    online: true,
  } satisfies Need<PresenceSyncMessage>,
  text: {
    type: true,
    id: true,
    seq: true,
    time: true,
    name: true,
    message: true,
  } satisfies Need<TextBroadcast>,
  file: { type: true, ...FILE_FIELDS } satisfies Need<FileBroadcast>,
  batch: { type: true, messages: true } satisfies Need<BatchMessage>,
  ack: { type: true, clientId: true, id: true, seq: true, time: true } satisfies Need<AckMessage>,
  file_ready: {
    type: true,
    clientId: false,
    uploadId: true,
    resumeToken: true,
    offset: true,
    chunkBytes: true,
    windowBytes: true,
    fileId: true,
    sizeKnown: false,
  } satisfies Need<FileReadyMessage>,
  file_ack: { type: true, uploadId: true, offset: true } satisfies Need<FileAckMessage>,
  file_done: {
    type: true,
    clientId: false,
    uploadId: true,
    ...FILE_FIELDS,
  } satisfies Need<FileDoneMessage>,
  file_cancelled: { type: true, uploadId: true } satisfies Need<FileCancelledMessage>,
  file_challenge: {
    type: true,
    clientId: false,
    uploadId: true,
    ranges: true,
  } satisfies Need<FileChallengeMessage>,
  file_offer: {
    type: true,
    id: true,
    name: true,
    originalName: true,
    size: true,
    url: true,
    received: true,
    state: true,
  } satisfies Need<FileOfferMessage>,
  file_withdrawn: { type: true, id: true } satisfies Need<FileWithdrawnMessage>,
  search: { type: true, query: true, messages: true, more: true, ref: false } satisfies Need<SearchReply>,
  history: { type: true, messages: true, more: true, kind: false, ref: false } satisfies Need<HistoryReply>,
  // 附带的事实因错误码而异, 不在字段表里
  error: { type: true, code: true, message: true, ref: false, retryable: true },
} satisfies Record<ServerMessage['type'] | 'user_update sync', Record<string, boolean>>;
