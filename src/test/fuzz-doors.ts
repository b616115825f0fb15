// 模糊测试的三种送法, 每种都核对答话: WebSocket 的一批帧, 保持连接的 HTTP 请求, 发完就关上写端的请求
import assert from 'node:assert/strict';
import { CLOSES, ERRORS, type ErrorCode } from '../protocol/errors.js';
import type { Aim } from './attack-socket.js';
import { responseLength } from './http-tools.js';
import { frame, OPCODES, RawClient } from './raw.js';

// 一次测试开几万条连接, 用完各自断开
const SELF_CLOSED = { after: () => {} };
const ANSWER_MS = 20_000;
const STATUSES = new Set([
  ...Object.values(ERRORS).map(({ http }) => http),
  // 成功的; 101 是升级; 505 是 uWS 自己答的请求行
  ...[101, 200, 201, 204, 206, 304, 416, 505],
]);
STATUSES.delete(ERRORS.internal.http);
const CLOSE_CODES = new Set<number>([
  ...Object.values(CLOSES).map(({ code }) => code),
  1000,
  1002,
  1005,
  1007,
]);

/** 等一个结果, 等不到就带着输入报错: 种子能重现整次, 这一句能直接重现这一个 */
async function within<T>(work: Promise<T>, input: Uint8Array): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`没有答话, 输入 (latin1): ${shown(input)}`)), ANSWER_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const shown = (input: Uint8Array): string =>
  JSON.stringify(Buffer.from(input).toString('latin1').slice(0, 3000));

function assertKnownError(error: { readonly code?: unknown } | undefined, input: Uint8Array): ErrorCode {
  const code = error?.code;
  assert.ok(
    typeof code === 'string' && Object.hasOwn(ERRORS, code),
    `不认识的错误码 ${code}: ${shown(input)}`,
  );
  assert.notEqual(code, 'internal', shown(input));
  return code as ErrorCode;
}

const connect = ({ port, localAddress }: Aim): Promise<RawClient> =>
  RawClient.open(SELF_CLOSED, port, localAddress);

/** 取走收到的 */
function take(client: RawClient): Buffer {
  const { received } = client;
  client.received = Buffer.alloc(0);
  return received;
}

/** 一条随时可能断开, 断了就换一条的 WebSocket */
export class FrameDoor {
  readonly #aim: Aim;
  readonly #path: string;
  #socket: RawClient | undefined;
  #serial = 0;

  constructor(aim: Aim, path: string) {
    this.#aim = aim;
    this.#path = path;
  }

  /** 发一批, 等到都处理过或被断开; lethal: 最后一帧可以不给关闭码就断 */
  async send(frames: readonly Uint8Array[], lethal: boolean): Promise<void> {
    if (this.#socket === undefined || this.#socket.ended) {
      this.#socket = await RawClient.upgrade(SELF_CLOSED, this.#aim.port, this.#path, this.#aim.localAddress);
      // 升级的应答头
      const { received } = this.#socket;
      this.#socket.received = received.subarray(received.indexOf('\r\n\r\n') + 4);
    }
    const socket = this.#socket;
    this.#serial += 1;
    const mark = `done-${this.#serial}`;
    const input = Buffer.concat(frames);
    socket.write(Buffer.concat([input, frame(OPCODES.text, JSON.stringify({ type: mark }))]));
    // 谎报长度的吃掉了标记: 关上写端, 服务器就断开
    if (lethal) socket.socket.end();
    await within(lethal ? socket.close() : socket.until(() => socket.received.includes(mark)), input);
    this.#judge(socket, lethal, input);
    if (lethal || socket.ended) socket.socket.destroy();
    if (lethal) this.#socket = undefined;
  }

  close(): void {
    this.#socket?.socket.destroy();
  }

  #judge(socket: RawClient, lethal: boolean, input: Uint8Array): void {
    let closeCode: number | undefined;
    for (const { opcode, payload } of takeFrames(socket)) {
      if (opcode === OPCODES.close) closeCode = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      if (opcode !== OPCODES.text) continue;
      const message = JSON.parse(payload.toString()) as { type: string; code?: unknown };
      if (message.type === 'error') assertKnownError(message, input);
    }
    if (closeCode !== undefined)
      assert.ok(CLOSE_CODES.has(closeCode), `关闭码 ${closeCode}: ${shown(input)}`);
    if (!lethal && socket.ended) {
      assert.ok(closeCode !== undefined, `没有关闭码就断了: ${shown(input)}`);
    }
  }
}

// 取走服务器发来的完整的帧: 没有掩码, 不分段; 结尾的半帧留着
function* takeFrames(client: RawClient): Generator<{ readonly opcode: number; readonly payload: Buffer }> {
  const bytes = client.received;
  let at = 0;
  for (let size = frameSize(bytes, at); at + size.whole <= bytes.length; size = frameSize(bytes, at)) {
    yield { opcode: (bytes[at] ?? 0) & 0x0f, payload: bytes.subarray(at + size.head, at + size.whole) };
    at += size.whole;
  }
  client.received = bytes.subarray(at);
}

// 头也不全的是 Infinity
function frameSize(bytes: Buffer, at: number): { readonly head: number; readonly whole: number } {
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  const head = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (at + head > bytes.length) return { head, whole: Number.POSITIVE_INFINITY };
  if (short === 126) return { head, whole: head + bytes.readUInt16BE(at + 2) };
  if (short === 127) return { head, whole: head + Number(bytes.readBigUInt64BE(at + 2)) };
  return { head, whole: head + short };
}

/** 一条保持着的 HTTP 连接, 断了就换一条 */
export class RequestDoor {
  readonly #aim: Aim;
  #socket: RawClient | undefined;

  constructor(aim: Aim) {
    this.#aim = aim;
  }

  close(): void {
    this.#socket?.socket.destroy();
  }

  /** 格式合法的请求: 总有一个完整的应答 */
  async send(input: Uint8Array, method = 'GET'): Promise<void> {
    if (this.#socket === undefined || this.#socket.ended) {
      this.#socket = await connect(this.#aim);
    }
    const socket = this.#socket;
    socket.write(input);
    const isWhole = (): boolean =>
      socket.received.length >= responseLength(socket.received.toString('latin1'), method);
    await within(socket.until(isWhole), input);
    const answer = take(socket).toString('latin1');
    assert.ok(answer !== '', `没有应答就断了: ${shown(input)}`);
    judgeAnswer(answer, input);
    // 它说了要断开: 再写过去的不会有应答
    if (/^connection: close/im.test(answer)) {
      socket.socket.destroy();
      this.#socket = undefined;
    }
  }
}

/** 也许不完整的请求: 发完关上写端, 服务器答或不答, 总要断开 */
export async function sendAndHangUp(aim: Aim, input: Uint8Array): Promise<void> {
  const socket = await connect(aim);
  socket.write(input);
  socket.socket.end();
  await within(socket.close(), input);
  const answer = take(socket).toString('latin1');
  if (answer !== '') judgeAnswer(answer, input);
}

function judgeAnswer(answer: string, input: Uint8Array): void {
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
  assert.ok(STATUSES.has(status), `状态 ${answer.slice(0, 100)}: ${shown(input)}`);
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4, responseLength(answer));
  if (!body.startsWith('{"error"')) return;
  const { error } = JSON.parse(Buffer.from(body, 'latin1').toString()) as { error: { code?: unknown } };
  assert.equal(ERRORS[assertKnownError(error, input)].http, status, shown(input));
}
