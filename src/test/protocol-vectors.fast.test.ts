// 与 Python 客户端共用的向量 (vectors/*.json): 这里核对服务器的一侧, python_client/tests/test_protocol_vectors_fast.py 核对另一侧
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanFileName, disguisedExtension } from '../files/naming.js';
import { CHUNK_HEADER_BYTES, decodeChunkFrame, encodeChunkHeader } from '../protocol/chunk-frame.js';
import { CLIENT_TYPES, decodeFrame, encode, errorMessage, toBroadcast } from '../protocol/codec.js';
import { AppError, CLOSES, ERRORS } from '../protocol/errors.js';
import {
  CHALLENGE_RANGES,
  type ClientMessage,
  DEFAULT_SEARCH_LIMIT,
  type FileBroadcast,
  type FileOfferMessage,
  type FileReadyMessage,
  type FileRecord,
  type Limits,
  type LimitsBody,
  MAX_CHUNK_BYTES,
  MAX_HISTORY_LIMIT,
  MAX_QUERY_LENGTH,
  MAX_SEARCH_LIMIT,
  SERVER_FEATURES,
  type ServerMessage,
  type WelcomeMessage,
} from '../protocol/messages.js';
import { cleanUserName, MAX_NAME_CODE_POINTS } from '../protocol/user-name.js';
import { SHAPES } from './message-shapes.js';
import { readSource } from './source-scan.js';

type Fields = Readonly<Record<string, unknown>>;

function load<T>(name: string): T {
  return JSON.parse(readSource(`src/test/vectors/${name}.json`)) as T;
}

const TABLES = load<{ constants: Fields; errors: Fields[]; closes: Fields[] }>('tables');
const CLIENT_FRAMES = load<{ encoder: string; text: string; decoded: Fields }[]>('client-frames');
const SERVER_FRAMES = load<{
  frames: { title: string; frame: Fields }[];
  limits: { body: Fields };
}>('server-frames');
const CHUNKS = load<{
  headers: { upload_id: string; offset: number; hex: string }[];
  invalid: { upload_id: string; offset: number }[];
}>('chunks');
const FILE_NAMES = load<{ names: { raw: string; clean: string | null; extension: string | null }[] }>(
  'file-names',
);
const NAMES = load<{ why: string; raw: string; name: string | null; times?: number }[]>('user-names');

// ---- 服务器的类型写出的同样的帧: 字段改名, 增减或换序, 编译或比较就不通过 ----

const UPLOAD_ID = '3f0c8a52-8a7d-4e0b-b0a5-6a1d2c3e4f50';
const FILE_ID = '7d9f1c0e-2b64-4b1e-9a3c-0a4de2a1f001';
const TEXT_ID = '01968f2e-3c1a-7b54-8d2f-5a1c9e0b7d44';
const SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const LIMITS: Limits = {
  fileBytes: 2_684_354_560,
  frameBytes: 16_777_216,
  chunkBytes: 262_144,
  windowBytes: 4_194_304,
  textBytes: 16_384,
  nameLength: 32,
  messagesPerSecond: 20,
  messagesBurst: 40,
};
const WELCOME: WelcomeMessage = {
  type: 'welcome',
  name: '张三',
  session: 'pQ9w_TOKEN-1',
  users: ['张三', '李四'],
  online: 2,
  epoch: '5b1f0a7e-1111-4c2d-8e9f-0a1b2c3d4e5f',
  seq: 41,
  limits: LIMITS,
  features: SERVER_FEATURES,
};
const MOVIE: FileRecord = {
  id: FILE_ID,
  name: '张三',
  originalName: '电影.mkv',
  path: `/files/${FILE_ID}.mkv`,
  size: 2_684_354_560,
  mimeType: 'video/matroska',
  sha256: SHA256,
};
const CAT: FileRecord = {
  id: FILE_ID,
  name: '李四',
  from: '7h2mx0da',
  originalName: '猫.png',
  path: `/files/${FILE_ID}.png`,
  size: 12_345,
  mimeType: 'image/png',
  sha256: SHA256,
  thumbPath: `/files/${FILE_ID}/thumb`,
  width: 640,
  height: 480,
};
const READY: Omit<FileReadyMessage, 'type' | 'clientId'> = {
  uploadId: UPLOAD_ID,
  resumeToken: 'pQ9w_TOKEN-1',
  offset: 0,
  chunkBytes: 262_144,
  windowBytes: 4_194_304,
  fileId: FILE_ID,
  originalName: '电影.mkv',
};
const TICKET = 'Jq8wM1c0yT5nZ4rKx2VbQeLhD7uGfSaP';
const RENAMED_FROM = '/home/张三/电影.mkv';
const RANGES = [1_200_345, 884_736_001, 2_000_000_000].map((offset) => ({ offset, length: 65_536 }));
const OFFER: FileOfferMessage = {
  type: 'file_offer',
  id: FILE_ID,
  name: '张三',
  originalName: '电影.mkv',
  size: 2_684_354_560,
  url: `http://192.168.1.5:3000/files/${FILE_ID}.mkv`,
  received: 1_048_576,
  state: 'sending',
};

const text = toBroadcast(
  {
    kind: 'text',
    id: TEXT_ID,
    seq: 42,
    time: 1_763_800_000_000,
    name: '张三',
    message: '你好 "😀"\n第二行',
  },
  { origin: '', people: false },
);
const movie = toBroadcast(
  { kind: 'file', seq: 43, time: 1_763_800_001_000, file: MOVIE },
  { origin: 'http://192.168.1.5:3000', people: false },
);
const cat = toBroadcast(
  { kind: 'file', seq: 44, time: 1_763_800_002_000, file: CAT },
  { origin: 'https://chat.example', people: true },
);

// 与 FileDoneMessage 同样的做法: 换掉 type, 其余照抄
function done(
  file: ServerMessage,
  ids: { clientId?: string; uploadId: string; renamedFrom?: string },
): ServerMessage {
  return { ...(file as FileBroadcast), type: 'file_done', ...ids };
}

const TYPED: ReadonlyMap<string, ServerMessage> = new Map<string, ServerMessage>([
  ['welcome', WELCOME],
  [
    'welcome: 上次被服务器切断',
    {
      ...WELCOME,
      person: { id: 'k3f97q2m', name: '张三', role: 'guest', kind: 'guest' },
      lastClose: { code: CLOSES.slow_consumer.code, reason: CLOSES.slow_consumer.reason },
    },
  ],
  ['join', { type: 'user_update', action: 'join', name: '张三' }],
  ['leave', { type: 'user_update', action: 'leave', name: '张三' }],
  ['sync', { type: 'user_update', action: 'sync', joined: ['王五', '赵六'], left: ['李四'], online: 3 }],
  ['text', text],
  ['file', movie],
  ['file: 有缩略图', cat],
  ['batch', { type: 'batch', messages: [text, movie] }],
  ['text: 声明了 people 的', { ...text, from: 'k3f97q2m' } as ServerMessage],
  ['ack', { type: 'ack', clientId: 'm-1', id: TEXT_ID, seq: 42, time: 1_763_800_000_000 }],
  [
    'ack: 文件, 改了名',
    {
      type: 'ack',
      clientId: 'f-3',
      id: FILE_ID,
      seq: 43,
      time: 1_763_800_001_000,
      originalName: '反_斜.txt',
      renamedFrom: '反\\斜.txt',
    },
  ],
  ['file_ready', { type: 'file_ready', clientId: 'c1', ...READY }],
  ['file_ready: 没有 clientId', { type: 'file_ready', ...READY, offset: 1_048_576 }],
  ['file_ready: 有同样大小的文件', { type: 'file_ready', clientId: 'c1', ...READY, sizeKnown: true }],
  ['file_ready: 改了名', { type: 'file_ready', clientId: 'c1', ...READY, renamedFrom: RENAMED_FROM }],
  ['file_ack', { type: 'file_ack', uploadId: UPLOAD_ID, offset: 1_048_576 }],
  ['file_done', done(movie, { clientId: 'c1', uploadId: UPLOAD_ID })],
  ['file_done: 图片, 没有 clientId', done(cat, { uploadId: UPLOAD_ID })],
  ['file_done: 改了名', done(movie, { clientId: 'c1', uploadId: UPLOAD_ID, renamedFrom: RENAMED_FROM })],
  ['file_cancelled', { type: 'file_cancelled', uploadId: UPLOAD_ID }],
  ['file_challenge', { type: 'file_challenge', clientId: 'c1', uploadId: UPLOAD_ID, ranges: RANGES }],
  [
    'file_challenge: 没有 clientId',
    { type: 'file_challenge', uploadId: UPLOAD_ID, ranges: RANGES.map(() => ({ offset: 0, length: 1 })) },
  ],
  ['file_offer', OFFER],
  ['file_offer: 声明了 people 的', { ...OFFER, from: 'k3f97q2m' }],
  ['file_withdrawn', { type: 'file_withdrawn', id: FILE_ID }],
  ['history', { type: 'history', messages: [text, cat], more: false }],
  [
    'history: 文件的一页',
    { type: 'history', messages: [movie], more: true, kind: 'file', total: 37, ref: 'files-1' },
  ],
  ['history: 空', { type: 'history', messages: [], more: false, ref: 'h-1' }],
  ['search', { type: 'search', query: '你好', messages: [cat, text], more: true, ref: 's1' }],
  [
    'search: 只要文件',
    { type: 'search', query: '', messages: [movie], more: true, kind: 'file', total: 37, ref: 'f1' },
  ],
  ['search: 空, 没有 ref', { type: 'search', query: '没有的', messages: [], more: false }],
  ['transfer_ticket', { type: 'transfer_ticket', ticket: TICKET, expiresInMs: 60_000, ref: 't-1' }],
  ['transfer_ticket: 没有 ref', { type: 'transfer_ticket', ticket: TICKET, expiresInMs: 60_000 }],
  ['error', errorMessage(new AppError('bad_json'))],
  [
    'error: 带 ref 与 offset',
    errorMessage(new AppError('offset_mismatch', { facts: { offset: 524_288 }, ref: UPLOAD_ID })),
  ],
  [
    'error: 带 limit 与 field',
    errorMessage(
      new AppError('invalid_field', {
        detail: 'message',
        facts: { field: 'message', limit: 16_384 },
        ref: 'm-1',
      }),
    ),
  ],
]);

// 帧里的字节视图写成文字, 才能与 JSON 比较
function plain(message: ClientMessage): Fields {
  const entries = Object.entries(message).map(([key, value]) => [
    key,
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  ]);
  return Object.fromEntries(entries) as Fields;
}

function shapeOf(frame: Fields): string {
  return frame['action'] === 'sync' ? 'user_update sync' : String(frame['type']);
}

describe('协议向量: 文件名', () => {
  it('清理的结果, 与拦不拦所看的扩展名', () => {
    for (const { raw, clean, extension } of FILE_NAMES.names) {
      if (clean === null) assert.throws(() => cleanFileName(raw), { code: 'file_name_invalid' }, raw);
      else {
        assert.equal(cleanFileName(raw), clean, JSON.stringify(raw));
        assert.equal(disguisedExtension(raw), extension, JSON.stringify(raw));
      }
    }
  });
});

describe('协议向量: 表', () => {
  it('常量相同', () => {
    assert.deepEqual(TABLES.constants, {
      CHUNK_HEADER_BYTES,
      MAX_CHUNK_BYTES,
      MAX_NAME_CODE_POINTS,
      MAX_HISTORY_LIMIT,
      DEFAULT_SEARCH_LIMIT,
      MAX_SEARCH_LIMIT,
      MAX_QUERY_LENGTH,
      CHALLENGE_RANGES,
    });
  });

  it('每个错误码与关闭码都在, 能否重试与何时重连相同', () => {
    const errors = Object.entries(ERRORS).map(([code, { retryable }]) => ({ code, retryable }));
    assert.deepEqual(TABLES.errors, errors);
    assert.deepEqual(TABLES.closes, Object.values(CLOSES));
  });
});

describe('协议向量: 客户端的帧', () => {
  for (const { encoder, text: frame, decoded } of CLIENT_FRAMES) {
    it(`${encoder}: ${frame.slice(0, 70)}`, () => {
      assert.deepEqual(plain(decodeFrame(Buffer.from(frame), false)), decoded);
    });
  }

  it('契约里的每种类型都有', () => {
    const onWire = CLIENT_FRAMES.map(({ text: frame }) => (JSON.parse(frame) as Fields)['type']);
    assert.deepEqual([...new Set(onWire)].sort(), [...CLIENT_TYPES].sort());
    assert.ok(CLIENT_FRAMES.some(({ decoded }) => decoded['type'] === 'file_resume'));
  });
});

describe('协议向量: 服务器的帧', () => {
  it('都由服务器的编码器写出, 一字不差', () => {
    assert.deepEqual(
      SERVER_FRAMES.frames.map(({ title }) => title),
      [...TYPED.keys()],
    );
    for (const { title, frame } of SERVER_FRAMES.frames) {
      const message = TYPED.get(title);
      assert.ok(message);
      assert.equal(encode(message), JSON.stringify(frame), title);
    }
  });

  it('每种消息都有; 可缺的字段有与没有都有', () => {
    for (const [shape, fields] of Object.entries(SHAPES)) {
      const samples = SERVER_FRAMES.frames.filter(({ frame }) => shapeOf(frame) === shape);
      assert.ok(samples.length > 0, shape);
      for (const [field, isRequired] of Object.entries(fields)) {
        const present = samples.filter(({ frame }) => field in frame).length;
        assert.ok(present > 0 && isRequired === (present === samples.length), `${shape}.${field}`);
      }
    }
    const actions = new Set(SERVER_FRAMES.frames.map(({ frame }) => frame['action']));
    for (const action of ['join', 'leave', 'sync']) assert.ok(actions.has(action), action);
  });

  it('GET /api/limits 的应答体', () => {
    const body: LimitsBody = {
      limits: LIMITS,
      blockedExtensions: ['exe', 'bat', 'sh'],
      features: SERVER_FEATURES,
    };
    assert.equal(JSON.stringify(body), JSON.stringify(SERVER_FRAMES.limits.body));
  });
});

describe('协议向量: 分片与名字', () => {
  it('二进制分片的帧头', () => {
    for (const { upload_id: uploadId, offset, hex } of CHUNKS.headers) {
      assert.equal(Buffer.from(encodeChunkHeader(uploadId, offset)).toString('hex'), hex);
      const decoded = decodeChunkFrame(Buffer.from(`${hex}00`, 'hex'));
      assert.deepEqual([decoded.uploadId, decoded.offset, decoded.data.length], [uploadId, offset, 1]);
    }
    for (const { upload_id: uploadId, offset } of CHUNKS.invalid) {
      assert.throws(() => encodeChunkHeader(uploadId, offset), { code: 'invalid_field' });
    }
  });

  it('用户名的清理', () => {
    for (const { why, raw, name, times = 1 } of NAMES) {
      const written = raw.repeat(times);
      if (name === null) assert.throws(() => cleanUserName(written), { code: 'name_invalid' }, why);
      else assert.equal(cleanUserName(written), name.repeat(times), why);
    }
  });
});
