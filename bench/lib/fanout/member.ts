// 房间里的一个人: 裸 socket, 掠过收到的帧; 只有听众逐条看
//   joining --欢迎--> joined --close 帧 / 断线--> cut
//                        \------ leave() ------> left
import type { Socket } from 'node:net';
import { headBytesFor, writeHead } from '../frame-head.js';
import { OPCODE } from '../frame-parser.js';
import type { Target } from '../target.js';
import { openWebSocket } from '../websocket-handshake.js';
import { type Dialect, type DialectName, dialectOf } from './dialect.js';
import { FrameSkimmer, type SkimmerSink } from './frame-skimmer.js';

/** 加入的限期 (毫秒): 万人同时进来时服务器也该在此之内应答 */
const JOIN_TIMEOUT_MS = 30_000;

export interface MemberOptions {
  readonly target: Target;
  readonly dialect: DialectName;
  readonly name: string;
  readonly onMessage?: NonNullable<SkimmerSink['onMessage']>;
}

export class Member {
  readonly name: string;
  readonly #dialect: Dialect;
  readonly #skimmer: FrameSkimmer;
  #socket!: Socket;
  #state: 'joining' | 'joined' | 'cut' | 'left' = 'joining';
  #reason = '连接中断, 没有 close 帧';
  #settle: { resolve(): void; reject(error: Error): void } = { resolve() {}, reject() {} };

  private constructor(options: MemberOptions) {
    this.name = options.name;
    this.#dialect = dialectOf(options.dialect);
    this.#skimmer = new FrameSkimmer({
      isMessage: this.#dialect.isMessage,
      onOther: (opcode, payload) => this.#onOther(opcode, payload),
      ...(options.onMessage === undefined ? {} : { onMessage: options.onMessage }),
    });
  }

  /** 返回时已加入。错误: 连不上, 被拒, 限期内没有应答 */
  static async join(options: MemberOptions): Promise<Member> {
    const member = new Member(options);
    const welcomed = new Promise<void>((resolve, reject) => {
      member.#settle = { resolve, reject };
    });
    const timer = setTimeout(
      () => member.#settle.reject(new Error(`${JOIN_TIMEOUT_MS} 毫秒内没有加入`)),
      JOIN_TIMEOUT_MS,
    );
    try {
      await member.#connect(options.target);
      await welcomed;
    } finally {
      clearTimeout(timer);
    }
    member.#state = 'joined';
    return member;
  }

  async #connect(target: Target): Promise<void> {
    this.#socket = await openWebSocket(target, this.#dialect.path, (bytes) => this.#skimmer.push(bytes));
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end(this.#reason));
    const hello = this.#dialect.hello(this.name);
    if (hello === undefined) this.#settle.resolve();
    else this.#send(OPCODE.text, Buffer.from(hello));
  }

  say(message: string): void {
    this.#send(OPCODE.text, Buffer.from(this.#dialect.say(this.name, message)));
  }

  /** 至今收到的消息的量: 同一房间里人人相等 */
  get volume(): number {
    return this.#skimmer.bytes + (this.#dialect.joinsLines ? this.#skimmer.frames : 0);
  }

  get frames(): number {
    return this.#skimmer.frames;
  }

  /** 不是自己走的; 说明原因 */
  get cutReason(): string | undefined {
    return this.#state === 'cut' ? this.#reason : undefined;
  }

  /** 停读: 收到的留在内核里, 由 drain() 一次取走, 一次读取代替几十次唤醒 */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** 取走内核里的积压。须在定时器里调用: 紧接着的轮询阶段读完, 其后的 setImmediate 停读 */
  drain(): void {
    if (this.#state !== 'joined') return;
    this.#socket.resume();
    setImmediate(() => this.#socket.pause());
  }

  leave(): void {
    this.#state = 'left';
    this.#socket.destroy();
  }

  #onOther(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) this.#send(OPCODE.pong, payload);
    else if (opcode === OPCODE.close) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#reason = `${code} ${payload.subarray(2).toString('utf8')}`;
    } else if (opcode === OPCODE.text) this.#onText(payload);
  }

  #onText(payload: Buffer): void {
    // 加入期间的进出每人几百帧: 首字母之外不解码
    if (this.#state !== 'joining' && payload.length > 2) return;
    const text = payload.toString('utf8');
    const answer = this.#dialect.answer(text);
    if (answer !== undefined) this.#send(OPCODE.text, Buffer.from(answer));
    else if (this.#dialect.isWelcome(text)) this.#settle.resolve();
  }

  #send(opcode: number, payload: Uint8Array): void {
    const frame = Buffer.allocUnsafe(headBytesFor(payload.length) + payload.length);
    frame.set(payload, writeHead(frame, 0, opcode, payload.length));
    this.#socket.write(frame);
  }

  #end(reason: string): void {
    if (this.#state === 'left' || this.#state === 'cut') return;
    this.#state = 'cut';
    this.#reason = reason;
    this.#socket.destroy();
    this.#settle.reject(new Error(`${this.name} 被断开: ${reason}`));
  }
}
