// 攻击之中的旁人: 聊天, 上传, 下载, 搜索, 翻历史, 进门, 一刻不停, 每一件都记下用时与失败。跑在自己的进程里 (bystander-process.ts)
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { ANSWER_MS, Line } from './bystander-line.js';
import { type Answer, type Call, formCall, httpCall } from './http-call.js';

export interface BystanderOptions {
  readonly port: number;
  readonly localAddress: string;
  /** 也做缩略图 */
  readonly thumbs: boolean;
}

/** 一件事的成绩; 毫秒 */
export interface Tally {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** 失败的原因 -> 次数 */
  readonly failures: Readonly<Record<string, number>>;
}

export type DeedName = 'chat' | 'post' | 'chunks' | 'download' | 'search' | 'history' | 'join' | 'thumb';
export type Report = Readonly<Partial<Record<DeedName, Tally>>>;

/** 连同旁人自己的定时器迟到多久 (毫秒): 那不是服务器慢, 是机器顾不上他 */
export interface Testimony {
  readonly report: Report;
  readonly lateP95Ms: number;
  readonly lateMaxMs: number;
}

interface Deed {
  readonly run: () => Promise<void>;
  /** 隔多久做一次; 聊天到点就说, 其余的做完一次才算下一次 */
  readonly everyMs: number;
}

const KIB = 1024;
const CHAT_EVERY_MS = 100;
const CHUNK_BYTES = 64 * KIB;
// 失败的原因至多记这么多种
const MAX_REASONS = 20;

export class Bystander {
  readonly #options: BystanderOptions;
  readonly #marker = `bystander-${randomBytes(6).toString('hex')}`;
  readonly #took = new Map<DeedName, number[]>();
  readonly #failures = new Map<DeedName, Map<string, number>>();
  readonly #pending = new Set<Promise<void>>();
  #stopped = false;
  #serial = 0;
  #talker: Line | undefined;
  #worker: Line | undefined;
  /** 下载的那个文件: 路径与内容 */
  #kept: { readonly path: string; readonly data: Buffer } | undefined;

  constructor(options: BystanderOptions) {
    this.#options = options;
  }

  /** 进门, 放好要下载的文件, 每件事先做成一次; 然后不停地做。错误: 第一次就没做成 */
  async start(): Promise<void> {
    const data = randomBytes(256 * KIB);
    const [file] = await this.#publish('保留.bin', data);
    this.#kept = { path: new URL(String(file?.['url'])).pathname, data };
    const deeds = Object.entries(this.#deeds()) as [DeedName, Deed][];
    for (const [, { run }] of deeds) await run();
    for (const [name, deed] of deeds)
      this.#track(name === 'chat' ? this.#chatter(deed) : this.#repeat(name, deed));
  }

  /** 不再开始新的, 等手上的做完或失败 (至多 ANSWER_MS) */
  async stop(): Promise<Report> {
    this.#stopped = true;
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    this.#talker?.close();
    this.#worker?.close();
    const names = new Set([...this.#took.keys(), ...this.#failures.keys()]);
    return Object.fromEntries([...names].map((name) => [name, this.#tally(name)]));
  }

  #deeds(): Partial<Record<DeedName, Deed>> {
    return {
      chat: { run: () => this.#chat(), everyMs: CHAT_EVERY_MS },
      post: { run: () => this.#post(), everyMs: 400 },
      chunks: { run: () => this.#sendChunks(), everyMs: 400 },
      download: { run: () => this.#download(), everyMs: 200 },
      search: { run: () => this.#search(), everyMs: 300 },
      history: { run: () => this.#readHistory(), everyMs: 300 },
      join: { run: () => this.#newcomer(), everyMs: 400 },
      ...(this.#options.thumbs ? { thumb: { run: () => this.#thumbnail(), everyMs: 500 } } : {}),
    };
  }

  // 到点就说, 不等上一句: 等的话, 服务器卡住的那一会儿就只量到一次
  async #chatter({ run }: Deed): Promise<void> {
    while (!this.#stopped) {
      this.#track(this.#timed('chat', run));
      await sleep(CHAT_EVERY_MS);
    }
  }

  async #repeat(name: DeedName, { run, everyMs }: Deed): Promise<void> {
    while (!this.#stopped) {
      await this.#timed(name, run);
      await sleep(everyMs);
    }
  }

  #track(work: Promise<void>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  async #timed(name: DeedName, run: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    try {
      await run();
      const took = this.#took.get(name) ?? [];
      took.push(performance.now() - startedMs);
      this.#took.set(name, took);
    } catch (error) {
      this.#fail(name, error instanceof Error ? error.message : String(error));
    }
  }

  #fail(name: DeedName, message: string): void {
    const reasons = this.#failures.get(name) ?? new Map<string, number>();
    this.#failures.set(name, reasons);
    const reason = reasons.size < MAX_REASONS ? message : '其余';
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }

  #tally(name: DeedName): Tally {
    const took = [...(this.#took.get(name) ?? [])].sort((a, b) => a - b);
    // 一次也没做成: 没有用时可言
    const at = (share: number): number =>
      took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
    return {
      count: took.length,
      p50Ms: at(0.5),
      p95Ms: at(0.95),
      maxMs: at(1),
      failures: Object.fromEntries(this.#failures.get(name) ?? []),
    };
  }

  // 从说出口到自己的广播与 ack 都回来
  async #chat(): Promise<void> {
    this.#talker = await this.#live(this.#talker, '旁人');
    const line = this.#talker;
    const message = this.#unique('旁人说话');
    const acked = line.heard((m) => m['clientId'] === message || m['ref'] === message);
    const echoed = line.heard((m) => m['message'] === message || m['ref'] === message);
    line.send({ type: 'text', message, clientId: message });
    await Promise.all([acked, echoed]);
  }

  async #post(): Promise<void> {
    await this.#publish(`${this.#unique('表单')}.bin`, randomBytes(32 * KIB));
  }

  async #sendChunks(): Promise<void> {
    const line = await this.#work();
    const clientId = this.#unique('分片');
    const data = randomBytes(2 * CHUNK_BYTES);
    const start = {
      type: 'file_start',
      clientId,
      originalName: `${clientId}.bin`,
      size: data.length,
      encoding: 'binary',
    };
    const ready = await line.ask(start, (m) => m['clientId'] === clientId || m['ref'] === clientId);
    const { uploadId } = ready;
    // 忙的时候窗口小: 每一段都等到确认
    const stepBytes = Math.min(CHUNK_BYTES, Number(ready['windowBytes']));
    for (let offset = 0; offset < data.length; offset += stepBytes) {
      const chunk = data.subarray(offset, offset + stepBytes);
      const written = line.heard((m) => m['uploadId'] === uploadId || m['ref'] === uploadId);
      line.sendBinary(chunkFrame(String(uploadId), offset, chunk));
      await written;
    }
    const sha256 = createHash('sha256').update(data).digest('hex');
    await line.ask(
      { type: 'file_end', uploadId, sha256 },
      (m) =>
        (m.type === 'file_done' && m['uploadId'] === uploadId) ||
        (m.type === 'error' && m['ref'] === uploadId),
    );
  }

  // 一次整个, 一次从中间起
  async #download(): Promise<void> {
    const { path, data } = this.#kept ?? { path: '', data: Buffer.alloc(0) };
    const from = this.#serial % 2 === 0 ? 0 : data.length / 2;
    this.#serial += 1;
    const headers: Record<string, string> = from === 0 ? {} : { Range: `bytes=${from}-` };
    const { body } = await this.#call({ path, headers }, from === 0 ? 200 : 206);
    if (!body.equals(data.subarray(from))) throw new Error('下载到的内容不同');
  }

  // 轮流从两个门问
  async #search(): Promise<void> {
    const ref = this.#unique('搜索');
    const line = await this.#work();
    if (this.#serial % 2 === 0)
      await this.#call({ path: `/api/search?query=${encodeURIComponent('说话')}` }, 200);
    else await line.ask({ type: 'search', query: '说话', ref }, (m) => m['ref'] === ref);
  }

  // 尽量老的一页: 不在内存里, 要读库
  async #readHistory(): Promise<void> {
    const ref = this.#unique('历史');
    const line = await this.#work();
    await line.ask({ type: 'history', after: 1, limit: 50, ref }, (m) => m['ref'] === ref);
  }

  async #newcomer(): Promise<void> {
    const line = await this.#join(this.#unique('新人').slice(-24));
    line.close();
  }

  async #thumbnail(): Promise<void> {
    const create = {
      width: 320,
      height: 240,
      channels: 3,
      background: { r: this.#serial % 256, g: 1, b: 2 },
    } as const;
    const picture = await sharp({ create }).png().toBuffer();
    const [file] = await this.#publish(`${this.#unique('图')}.png`, picture);
    if (file?.['thumbUrl'] === undefined) throw new Error('没有缩略图');
    await this.#call({ path: new URL(String(file['thumbUrl'])).pathname }, 200);
  }

  async #publish(fileName: string, data: Buffer): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { session } = await this.#work();
    const call = formCall([{ fileName, data }], { Authorization: `Bearer ${session}` });
    const { body } = await this.#call(call, 201);
    return (JSON.parse(body.toString()) as { files: Record<string, unknown>[] }).files;
  }

  async #call(call: Call, expected: number): Promise<Answer> {
    const { port, localAddress } = this.#options;
    const answer = await httpCall(port, { ...call, localAddress, signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.status === expected) return answer;
    throw new Error(`${answer.status} ${answer.body.toString().slice(0, 120)}`);
  }

  async #work(): Promise<Line> {
    this.#worker = await this.#live(this.#worker, '干活的旁人');
    return this.#worker;
  }

  /** 断了就回来; 断开本身已经算在当时等着的那件事上 */
  async #live(line: Line | undefined, name: string): Promise<Line> {
    if (line !== undefined && !line.closed) return line;
    return this.#join(name, line === undefined ? {} : { session: line.session });
  }

  #join(name: string, extra: Readonly<Record<string, unknown>> = {}): Promise<Line> {
    const { port, localAddress } = this.#options;
    return Line.join({ port, localAddress, name, extra, marker: this.#marker });
  }

  #unique(what: string): string {
    this.#serial += 1;
    return `${what} ${this.#marker} ${this.#serial}`;
  }
}

// 协议 6.3 的二进制分片
function chunkFrame(uploadId: string, offset: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(25);
  head[0] = 1;
  Buffer.from(uploadId.replaceAll('-', ''), 'hex').copy(head, 1);
  head.writeBigUInt64BE(BigInt(offset), 17);
  return Buffer.concat([head, data]);
}
