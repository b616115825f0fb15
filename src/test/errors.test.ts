// 错误表: 每个错误码都由一次真实的往来引出, 状态码与 retryable 同表一致; 加了码而没有例子就编译不过
import assert from 'node:assert/strict';
import { rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { ConfigOverrides } from '../config.js';
import { ERRORS, type ErrorCode } from '../protocol/errors.js';
import { Client } from './client.js';
import { serve } from './harness.js';
import {
  bodyOf,
  dataFiles,
  eventually,
  formHeaders,
  multipart,
  publishOne,
  RawSocket,
  unreadDownload,
} from './http-tools.js';
import { RawClient, tryUpgrade } from './raw.js';

/** 一次往来的结果: 来自 HTTP 的有 status, 来自 WebSocket 的有 retryable */
interface Evidence {
  readonly code: unknown;
  readonly message: unknown;
  readonly status?: number;
  readonly retryable?: unknown;
}
type Case = (t: TestContext) => Promise<Evidence[]>;

const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const BODY = 'a'.repeat(100);

/** 加入之后发一条消息, 取它引出的 error */
async function sent(t: TestContext, message: object, settings: ConfigOverrides = {}): Promise<Evidence> {
  const { ws } = await serve(t, settings);
  return reply(await Client.join(t, ws, '张三'), message);
}

async function reply(client: Client, message: object): Promise<Evidence> {
  client.send(message);
  const { code, message: text, retryable } = await client.next('error');
  return { code, message: text, retryable };
}

/** POST /api/files */
async function posted(
  http: string,
  options: { name?: string; fileName?: string; authorization?: string } = {},
): Promise<Evidence> {
  const form = new FormData();
  form.set('name', options.name ?? '张三');
  form.set('file', new Blob([BODY]), options.fileName ?? 'a.txt');
  const headers = options.authorization === undefined ? {} : { Authorization: options.authorization };
  return answered(await fetch(`${http}/api/files`, { method: 'POST', body: form, headers }));
}

/** 带着同一个幂等键上传一个文件 */
async function postedWithKey(http: string, content: string): Promise<Evidence> {
  const form = new FormData();
  form.set('name', '张三');
  form.set('file', new Blob([content]), 'a.txt');
  const headers = { 'Idempotency-Key': 'k' };
  const response = await fetch(`${http}/api/files`, { method: 'POST', body: form, headers });
  return response.ok ? { code: undefined, message: '', status: response.status } : answered(response);
}

async function answered(response: Response): Promise<Evidence> {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return { code: error.code, message: error.message, status: response.status };
}

async function upgraded(port: number, headers: Readonly<Record<string, string>>): Promise<Evidence> {
  const { status, body } = await tryUpgrade(port, headers);
  return { code: body.error?.code, message: body.error?.message, status };
}

/** 开始一次分片上传, 再发 file_end 或一个分片 */
async function uploading(
  t: TestContext,
  start: object,
  act: (client: Client, uploadId: string) => void,
  settings: ConfigOverrides = {},
): Promise<Evidence> {
  const { ws } = await serve(t, settings);
  const client = await Client.join(t, ws, '张三');
  client.send({ type: 'file_start', originalName: 'a.bin', ...start });
  act(client, String((await client.next('file_ready'))['uploadId']));
  const { code, message, retryable } = await client.next('error');
  return { code, message, retryable };
}

const file = (extra: object): object => ({ type: 'file', originalName: 'a.txt', filedata: 'YWJj', ...extra });

const CASES: { readonly [C in ErrorCode]: Case } = {
  bad_json: async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '张三');
    client.sendRaw('{"type":');
    return [(await client.next('error')) as unknown as Evidence];
  },
  invalid_field: async (t) => {
    const { http, port } = await serve(t);
    const response = await fetch(`${http}/api/files`, { method: 'POST', body: '{}' });
    return [
      await sent(t, { type: 'text', message: 5 }),
      await answered(response),
      await upgraded(port, { Host: 'a/b' }),
    ];
  },
  unknown_type: async (t) => [await sent(t, { type: 'nothing' })],
  base64_invalid: async (t) => [await sent(t, file({ filedata: '不是' }))],
  offset_mismatch: async (t) => [
    await uploading(t, { size: 10 }, (client, id) => client.sendChunk(id, 5, Buffer.from('x'))),
  ],
  size_mismatch: async (t) => [
    await uploading(t, { size: 10 }, (client, uploadId) => client.send({ type: 'file_end', uploadId })),
  ],
  checksum_mismatch: async (t) => [
    await uploading(t, { size: 1, sha256: '0'.repeat(64) }, (client, uploadId) => {
      client.sendChunk(uploadId, 0, Buffer.from('x'));
      client.send({ type: 'file_end', uploadId });
    }),
  ],
  unauthorized: async (t) => {
    const { http, ws } = await serve(t);
    const stranger = await Client.open(t, ws);
    return [
      await posted(http, { authorization: 'Bearer nobody' }),
      await reply(stranger, { type: 'text', message: '我是谁' }),
    ];
  },
  forbidden_origin: async (t) => {
    const { port } = await serve(t);
    return [await upgraded(port, { Origin: 'http://evil.example' })];
  },
  not_found: async (t) => {
    const { http } = await serve(t);
    return [await answered(await fetch(`${http}/files/${UNKNOWN_ID}.txt`))];
  },
  method_not_allowed: async (t) => {
    const { http } = await serve(t);
    return [await answered(await fetch(`${http}/api/files`, { method: 'PUT', body: BODY }))];
  },
  precondition_failed: async (t) => {
    const { http } = await serve(t);
    const { url } = await publishOne(http, 'a.txt', BODY);
    return [await answered(await fetch(String(url), { headers: { 'If-Match': '"x"' } }))];
  },
  upgrade_required: async (t) => {
    const { port } = await serve(t);
    return [await upgraded(port, { 'Sec-WebSocket-Version': '8' })];
  },
  head_too_large: async (t) => {
    const { http } = await serve(t);
    return [await answered(await fetch(`${http}/healthz`, { headers: { Cookie: 'x'.repeat(20_000) } }))];
  },
  request_timeout: async (t) => {
    const { port } = await serve(t, { uploads: { idleTimeoutMs: 10 } });
    const raw = await RawSocket.open(t, port);
    const type = formHeaders()['Content-Type'];
    raw.write(`POST /api/files HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nContent-Type: ${type}\r\n\r\n`);
    const answer = await raw.answer();
    const { error } = JSON.parse(bodyOf(answer).toString()) as { error: Evidence };
    return [{ ...error, status: Number(answer.split(' ')[1]) }];
  },
  upload_unknown: async (t) => [await sent(t, { type: 'file_end', uploadId: UNKNOWN_ID })],
  name_taken: async (t) => {
    const { ws } = await serve(t);
    await Client.join(t, ws, '张三');
    const other = await Client.open(t, ws);
    return [await reply(other, { type: 'user_update', action: 'join', name: '张三' })];
  },
  name_invalid: async (t) => {
    const { http, ws } = await serve(t);
    const client = await Client.open(t, ws);
    return [
      await posted(http, { name: '名'.repeat(33) }),
      await reply(client, { type: 'user_update', action: 'join', name: ' ' }),
    ];
  },
  request_in_progress: async (t) => {
    const { http, port, storage } = await serve(t);
    const raw = await RawSocket.open(t, port);
    // 请求体停在半个文件里: 键从那个文件起就被占着
    const body = multipart([{ data: '张三' }, { fileName: 'a.txt', data: BODY }]).subarray(0, -50);
    const headers = { Host: 'a', 'Idempotency-Key': 'k', 'Content-Length': '10000', ...formHeaders() };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    raw.write(`POST /api/files HTTP/1.1\r\n${lines.join('')}\r\n`).write(body);
    await eventually('文件开始了', async () => (await dataFiles(storage)).length > 0);
    return [await postedWithKey(http, BODY)];
  },
  idempotency_key_reused: async (t) => {
    const { http } = await serve(t);
    await postedWithKey(http, '第一份');
    return [await postedWithKey(http, '第二份')];
  },
  file_too_large: async (t) => {
    const { http } = await serve(t, { files: { fileBytes: 10 } });
    const start = { type: 'file_start', originalName: 'a.bin', size: 11 };
    return [await posted(http), await sent(t, start, { files: { fileBytes: 10 } })];
  },
  frame_too_large: async (t) => [
    await sent(t, file({ filedata: 'A'.repeat(1100) }), { files: { frameBytes: 1024 } }),
  ],
  text_too_long: async (t) => [await sent(t, { type: 'text', message: '汉字' }, { chat: { textBytes: 5 } })],
  file_type_forbidden: async (t) => {
    const { http } = await serve(t);
    return [await posted(http, { fileName: 'a.exe' }), await sent(t, file({ originalName: 'a.exe' }))];
  },
  file_name_invalid: async (t) => {
    const { http } = await serve(t);
    return [await posted(http, { fileName: '..' }), await sent(t, file({ originalName: '...' }))];
  },
  window_exceeded: async (t) => [
    await uploading(t, { size: 100_000 }, (client, id) => client.sendChunk(id, 0, Buffer.alloc(5000)), {
      files: { windowBytes: 4096, chunkBytes: 1024 },
    }),
  ],
  rate_limited: async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 1 } });
    const client = await Client.join(t, ws, '张三');
    for (let count = 0; count < 9; count += 1) client.send({ type: 'text', message: '快' });
    return [await reply(client, { type: 'text', message: '快' })];
  },
  file_damaged: async (t) => {
    const first = await serve(t);
    const { id, url } = await publishOne(first.http, 'a.bin', BODY);
    await first.server.stop();
    const { pathname } = new URL(String(url));
    const { ino: inode, size, mtimeMs } = await stat(path.join(first.storage, pathname));
    const mark = { inode, size, mtimeMs, name: path.basename(pathname), foundAt: 1 };
    await writeFile(path.join(first.storage, 'scrub.json'), JSON.stringify({ damaged: [mark] }));
    const { http } = await serve(t, { storage: { path: first.storage } });
    return [
      await answered(await fetch(`${http}${pathname}`)),
      await answered(await fetch(`${http}/files/${String(id)}/thumb`)),
    ];
  },
  storage_full: async (t) => {
    const { http } = await serve(t, { storage: { quotaBytes: 50 } });
    const start = { type: 'file_start', originalName: 'a.bin', size: 60 };
    return [await posted(http), await sent(t, start, { storage: { quotaBytes: 50 } })];
  },
  server_busy: async (t) => {
    const { port, ws } = await serve(t, { server: { trustedAddresses: [], connectionsPerAddress: 1 } });
    await Client.open(t, ws);
    const full = await serve(t, { chat: { maxMembers: 1 } });
    await Client.join(t, full.ws, '张三');
    const second = await Client.open(t, full.ws);
    return [
      await upgraded(port, {}),
      await reply(second, { type: 'user_update', action: 'join', name: '李四' }),
    ];
  },
  server_stopping: async (t) => {
    const { port, server, http } = await serve(t, { server: { stopGraceMs: 60_000 } });
    const release = await unreadDownload(t, { http, port });
    const raw = await RawClient.open(t, port);
    const head = `Host: 127.0.0.1:${port}\r\nContent-Length: 0\r\n\r\n`;
    // 先问一次, 证明连接已被接受; 停机之后不再有新连接
    raw.write(`GET /healthz HTTP/1.1\r\n${head}`);
    await raw.until(() => raw.received.includes('ok'));
    const stopped = server.stop();
    raw.write(`POST /api/files HTTP/1.1\r\n${head}`);
    await raw.until(() => raw.received.includes('server_stopping'));
    release();
    await stopped;
    const answer = raw.received.toString().split('HTTP/1.1 ').at(-1) ?? '';
    const { error } = JSON.parse(answer.slice(answer.indexOf('{'))) as { error: Evidence };
    return [{ ...error, status: Number.parseInt(answer, 10) }];
  },
  internal: async (t) => {
    const { http, ws, storage } = await serve(t);
    const client = await Client.join(t, ws, '李四');
    // 真的故障: 有人在脚下删了存储目录
    await rm(storage, { recursive: true });
    return [await posted(http), await reply(client, file({}))];
  },
};

describe('错误表', () => {
  for (const [code, provoke] of Object.entries(CASES) as [ErrorCode, Case][]) {
    const { http, retryable } = ERRORS[code];
    it(`${code}: HTTP ${http}, retryable ${retryable}`, async (t) => {
      const evidence = await provoke(t);
      assert.ok(evidence.length > 0);
      for (const each of evidence) {
        assert.equal(each.code, code, JSON.stringify(each));
        assert.ok(String(each.message).startsWith(ERRORS[code].message));
        if (each.status !== undefined) assert.equal(each.status, http);
        else assert.equal(each.retryable, retryable);
      }
    });
  }

  it('表里的每个码都有例子', () => {
    assert.deepEqual(Object.keys(CASES).sort(), Object.keys(ERRORS).sort());
  });

  it('internal 带着日志里查得到的编号, 不带内部细节', async (t) => {
    const [first] = await CASES.internal(t);
    assert.match(String(first?.message), /: [0-9a-f-]{36}$/);
  });
});
