// 一次上传的运行, 在 Worker 里: 核对, 连接, 开始或续传, 发分片, 结束; 断了就报告, 由页面决定何时再来
import type { ByteRange, ErrorMessage, FileReadyMessage } from '../../../../src/protocol/messages.js';
import { type ChunkEncoder, createChunkEncoder } from './chunk-encoder.js';
import { BLOCK_BYTES, ChunkReader } from './chunk-reader.js';
import { type FileHasher, hashRanges, openHasher } from './file-hasher.js';
import { Gate } from './gate.js';
import { failureOf, isNotInstant, isSurvivable, namesOf, refusalOf, startFields } from './run-rules.js';
import type { ConnectTransfer, TransferReply, TransferSocket } from './transfer-socket.js';
import type { RunCommand, RunOutcome, RunReport } from './worker-messages.js';

/**
 *   preparing --校验就绪--> connecting --open--> starting --file_ready--> catching_up --> sending
 *   (核对已传的部分)                                ^  |   (补算服务器多收的)  ^        | 全部发出
 *                                                  |  +--有 sizeKnown--> comparing --算完, file_hash--> proving
 *                                                  |     (秒传: 没有这份内容, 或答错, 就照常传) <------------+ 答对: ended
 *                                                  +---- 失步: 凭令牌再 file_start ---- ending --file_done--> ended
 *   任何状态 --断开, 被拒, 出错, 停止--> ended
 */
export type RunState =
  | 'preparing'
  | 'connecting'
  | 'starting'
  | 'comparing'
  | 'proving'
  | 'catching_up'
  | 'sending'
  | 'ending'
  | 'ended';

export interface RunPorts {
  readonly connect: ConnectTransfer;
  readonly report: (report: RunReport) => void;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

// 每秒 5 次进度
const TICK_MS = 200;
// 等应答的期限: 慢线路上一个分片也要几十秒
const SILENCE_MS = 60_000;
// 服务器在算大文件的校验, 不会有别的消息
const ENDING_SILENCE_MS = 300_000;
// 没有进展而反复失步: 不是丢了应答, 是哪里不对
const MAX_RESYNCS = 5;
// 积在浏览器里的上限, 字节; Base64 比窗口大三分之一
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
export class UploadRun {
  readonly #command: RunCommand;
  readonly #ports: RunPorts;
  readonly #encoder: ChunkEncoder;
  readonly #gate = new Gate();
  #state: RunState = 'preparing';
  #credentials: RunCommand['credentials'];
  #socket: TransferSocket | undefined;
  #hasher: FileHasher | undefined;
  #reader: ChunkReader;
  #ticker: ReturnType<typeof setInterval> | undefined;
  /** 下一个要发的字节 */
  #next = 0;
  #acked = 0;
  #chunkBytes = BLOCK_BYTES;
  #windowBytes = BLOCK_BYTES;
  #starts = 0;
  #resyncs = 0;
  #heardAtMs = 0;
  /** 能不能秒传, 服务器已经答过; 一次上传只问一次 */
  #asked = false;
  /** 点名要核对的各段, 还没有答 */
  #challenge: readonly ByteRange[] | undefined;
  /** 核对到哪里 */
  #checkedTo = 0;
  #checkGoal = 0;

  constructor(command: RunCommand, ports: RunPorts) {
    this.#command = command;
    this.#ports = ports;
    this.#credentials = command.credentials;
    this.#encoder = createChunkEncoder(command.binary);
    this.#reader = new ChunkReader(command.file, BLOCK_BYTES);
  }

  get state(): RunState {
    return this.#state;
  }

  /** 结果经 report 的 ended 送出, 恰好一次 */
  start(): void {
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#work().catch((error: unknown) => this.#end(failureOf(error)));
  }

  /** connecting 的回答; 晚到的, 多余的不理。错误: 地址不合法 (同浏览器的 WebSocket) */
  open(url: string): void {
    if (!this.#is('connecting') || this.#socket !== undefined) return;
    this.#socket = this.#ports.connect(url, {
      opened: () => this.#become('starting'),
      received: (reply) => this.#receive(reply),
      closed: () => this.#end({ kind: 'cut' }),
    });
  }

  stop(): void {
    this.#end({ kind: 'stopped' });
  }

  // 一条控制流; 每次等待之后都要再看状态: 期间可能已经结束或失步
  async #work(): Promise<void> {
    if (!(await this.#prepare())) return;
    await this.#connect();
    while (this.#is('starting')) {
      await this.#begin();
      await this.#compare();
      await this.#catchUp();
      await this.#sendChunks();
      await this.#finish();
    }
  }

  // ---- 各个阶段 ----

  /** 刷新之后: 从头读到存档处, 与记下的校验比较; 不同就是选错了文件 */
  async #prepare(): Promise<boolean> {
    const { file, checkpoint } = this.#command;
    this.#hasher = await openHasher(file, checkpoint);
    if (checkpoint === undefined || checkpoint.state !== undefined) return !this.#is('ended');
    await this.#hashTo(checkpoint.offset);
    if (this.#is('ended')) return false;
    if (this.#hasher.checkpoint().digest === checkpoint.digest) return true;
    this.#end({ kind: 'different_file' });
    return false;
  }

  async #connect(): Promise<void> {
    this.#become('connecting');
    this.#ports.report({ type: 'connecting', runId: this.#command.runId });
    while (this.#is('connecting')) await this.#gate.wait();
  }

  async #begin(): Promise<void> {
    this.#starts += 1;
    this.#sendJson({
      type: 'file_start',
      clientId: this.#clientId(),
      ...startFields(this.#command, this.#credentials),
    });
    while (this.#is('starting')) await this.#gate.wait();
  }

  /** 服务器有同样大小的文件: 先算校验问一问, 有就不必传。算过的留着, 照常传时不再算 */
  async #compare(): Promise<void> {
    if (!this.#is('comparing')) return;
    await this.#hashTo(this.#command.file.size);
    await this.#assertUnchanged();
    if (!this.#is('comparing')) return;
    this.#become('proving');
    this.#sendJson({ type: 'file_hash', uploadId: this.#uploadId, sha256: this.#hasher?.digest() });
    while (this.#is('proving')) {
      await this.#gate.wait();
      await this.#prove();
    }
  }

  async #prove(): Promise<void> {
    const ranges = this.#challenge;
    this.#challenge = undefined;
    if (ranges === undefined || !this.#is('proving')) return;
    const hashes = await hashRanges(this.#command.file, ranges);
    if (this.#is('proving')) this.#sendJson({ type: 'file_proof', uploadId: this.#uploadId, hashes });
  }

  /** 服务器收下的比算过的多 (应答丢了): 补读补算, 不重发 */
  async #catchUp(): Promise<void> {
    if (!this.#is('catching_up')) return;
    await this.#hashTo(this.#next);
    if (this.#is('catching_up')) this.#become('sending');
  }

  async #sendChunks(): Promise<void> {
    const { size } = this.#command.file;
    while (this.#is('sending') && this.#next < size) {
      await this.#untilRoom();
      if (this.#is('sending')) await this.#sendChunk();
    }
  }

  async #sendChunk(): Promise<void> {
    const offset = this.#next;
    const bytes = await this.#reader.read(offset, this.#chunkBytes);
    this.#hasher?.update(offset, bytes);
    const frame = await this.#encoder.encode(this.#uploadId, offset, bytes);
    if (!this.#is('sending')) return;
    this.#socket?.send(frame);
    this.#next = offset + bytes.length;
  }

  async #finish(): Promise<void> {
    if (!this.#is('sending')) return;
    await this.#assertUnchanged();
    if (!this.#is('sending')) return;
    this.#become('ending');
    this.#sendJson({ type: 'file_end', uploadId: this.#uploadId, sha256: this.#hasher?.digest() });
    this.#ports.report({ type: 'verifying', runId: this.#command.runId, sent: this.#acked });
    while (this.#is('ending')) await this.#gate.wait();
  }

  /** 最后比对一次修改时间: 读的期间改动过的文件, 前后两半不属于同一个版本。错误: 改动过 (DOMException) */
  async #assertUnchanged(): Promise<void> {
    await this.#command.file.slice(-1).arrayBuffer();
  }

  /** 未确认的不超过窗口, 积在浏览器里的也有上限; 有积压就必有未确认的, 所以总有 file_ack 来开门 */
  async #untilRoom(): Promise<void> {
    const length = Math.min(this.#chunkBytes, this.#command.file.size - this.#next);
    const isFull = (): boolean =>
      this.#next - this.#acked + length > this.#windowBytes ||
      (this.#next > this.#acked && (this.#socket?.bufferedAmount ?? 0) > MAX_BUFFERED_BYTES);
    while (this.#is('sending') && isFull()) await this.#gate.wait();
  }

  async #hashTo(offset: number): Promise<void> {
    const hasher = this.#hasher;
    if (hasher === undefined) return;
    this.#checkGoal = offset;
    while (!this.#is('ended') && hasher.position < offset) {
      const bytes = await this.#reader.read(hasher.position, offset - hasher.position);
      hasher.update(hasher.position, bytes);
      this.#checkedTo = hasher.position;
    }
  }

  // ---- 服务器的应答 ----

  #receive(reply: TransferReply): void {
    this.#heardAtMs = this.#ports.now();
    if (reply.type === 'file_ready') this.#ready(reply);
    else if (reply.type === 'file_ack') this.#acknowledge(reply.offset);
    else if (reply.type === 'file_challenge') this.#challenged(reply.ranges);
    else if (reply.type === 'file_done') this.#end({ kind: 'done', instant: this.#is('proving') });
    else if (reply.type === 'error') this.#refused(reply);
  }

  #ready(ready: FileReadyMessage): void {
    if (!this.#is('starting')) return;
    const { uploadId, resumeToken, offset, chunkBytes, windowBytes, fileId } = ready;
    this.#credentials = { uploadId, resumeToken };
    // 窗口再小也要放得下一个分片, 否则永远发不出去
    this.#chunkBytes = Math.min(chunkBytes, windowBytes, BLOCK_BYTES);
    this.#windowBytes = windowBytes;
    this.#reader = new ChunkReader(this.#command.file, this.#chunkBytes);
    this.#next = offset;
    this.#acked = offset;
    const { runId, file, instant } = this.#command;
    const names = namesOf(ready);
    this.#ports.report({ type: 'ready', runId, credentials: this.#credentials, offset, fileId, names });
    const worthwhile = instant && ready.sizeKnown === true && !this.#asked && offset < file.size;
    this.#become(worthwhile ? 'comparing' : 'catching_up');
  }

  #challenged(ranges: readonly ByteRange[]): void {
    // 没有问就来的不答: 照常传就是
    if (!this.#is('proving')) return;
    this.#asked = true;
    this.#challenge = ranges;
    this.#gate.open();
  }

  #acknowledge(offset: number): void {
    // 失步之后还会到的旧应答不能让它退回去
    if (offset <= this.#acked) return;
    this.#acked = offset;
    this.#resyncs = 0;
    this.#gate.open();
  }

  #refused(error: ErrorMessage): void {
    const { code, ref } = error;
    if (this.#is('proving') && isNotInstant(error, this.#uploadId)) {
      this.#asked = true;
      this.#become('catching_up');
      return;
    }
    if (isSurvivable(error, this.#uploadId)) {
      // 路上的分片各报一次错: 已经在重新开始, 后面的不理
      if (this.#is('starting')) return;
      this.#resyncs += 1;
      if (this.#resyncs <= MAX_RESYNCS) {
        this.#become('starting');
        return;
      }
    }
    const isLost = code === 'upload_unknown' && ref === this.#clientId() && this.#credentials !== undefined;
    this.#end(isLost ? { kind: 'lost' } : refusalOf(error));
  }

  // ---- 状态 ----

  #is(state: RunState): boolean {
    return this.#state === state;
  }

  #become(state: RunState): void {
    if (this.#is('ended')) return;
    this.#state = state;
    this.#heardAtMs = this.#ports.now();
    this.#gate.open();
  }

  #end(outcome: RunOutcome): void {
    if (this.#is('ended')) return;
    clearInterval(this.#ticker);
    // 最后的进度带着存档: 下次从这里接着算, 不必重读
    this.#reportProgress();
    this.#become('ended');
    this.#socket?.close();
    this.#ports.report({ type: 'ended', runId: this.#command.runId, outcome });
  }

  #tick(): void {
    if (this.#isSilent()) {
      this.#end({ kind: 'cut' });
      return;
    }
    if (this.#is('preparing') || this.#is('catching_up')) this.#reportChecking();
    else if (this.#is('comparing') || this.#is('proving')) this.#reportComparing();
    else if (this.#is('sending') || this.#is('ending')) this.#reportProgress();
  }

  // 等着服务器而它久不作声: 网络断了而浏览器还不知道
  #isSilent(): boolean {
    const isWaiting =
      this.#is('connecting') || this.#is('starting') || (this.#is('sending') && this.#next > this.#acked);
    const isEnding = this.#is('ending') || this.#is('proving');
    const limitMs = isEnding ? ENDING_SILENCE_MS : SILENCE_MS;
    return (isWaiting || isEnding) && this.#ports.now() - this.#heardAtMs > limitMs;
  }

  #reportChecking(): void {
    this.#ports.report({ type: 'checking', runId: this.#command.runId, ratio: this.#checkedRatio });
  }

  #reportComparing(): void {
    const checkpoint = this.#hasher?.checkpoint();
    const { runId } = this.#command;
    this.#ports.report({ type: 'comparing', runId, ratio: this.#checkedRatio, checkpoint });
  }

  get #checkedRatio(): number {
    return this.#checkGoal === 0 ? 0 : this.#checkedTo / this.#checkGoal;
  }

  #reportProgress(): void {
    // 还没有 file_ready: 没有确认过什么
    if (this.#starts === 0 || this.#is('starting')) return;
    const checkpoint = this.#hasher?.checkpoint();
    this.#ports.report({ type: 'progress', runId: this.#command.runId, sent: this.#acked, checkpoint });
  }

  // ---- 发送 ----

  get #uploadId(): string {
    return this.#credentials?.uploadId ?? '';
  }

  #clientId(): string {
    return `${this.#command.runId}-${this.#starts}`;
  }

  #sendJson(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }
}
