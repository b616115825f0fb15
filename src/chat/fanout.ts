// 扇出的节拍: 独自到来的广播当圈送出; 忙时攒成一拍, 每个收件人每拍只写一次套接字 (扇出的花费大半在这一写)
//   open --publish--> gathering (同一圈里收到的合成一批) --这一圈收完--> flushing --写完, 量得花费--> resting --到时--> open
//   歇的时候来的留在队列里, 到时再送一批; 歇不足 1 毫秒的 (小房间) 不歇。停机时进入 stopped: 随到随送
import { AppError } from '../protocol/errors.js';
import type { Publisher } from './ports.js';

/** 房间里每个成员订阅二者之一, 由是否声明 batch_text 决定 */
export const TEXT_TOPIC = 'text';
export const BATCH_TEXT_TOPIC = 'text.batch';

// 一拍送给每个收件人的上限 (字节): 装得进内核的发送缓冲, 不落到 uWS 的用户态积压里 (那里每次送达贵一倍)
const FLUSH_BYTES = 64 * 1024;
// 一帧 batch 的上限 (字节), 超出的另起一帧: 对方解析一帧的停顿有界
const BATCH_FRAME_BYTES = 32 * 1024;
// 歇的时间是全体各写一次的几倍: 固定的花费至多占事件循环的四分之一。随条数增长的花费歇了也省不下, 不算在内
const REST_FACTOR = 3;
// 短于这么久 (毫秒) 就不歇: 定时器的刻度是 1 毫秒
const SHORTEST_REST_MS = 1;
// 一写里每多一条消息, 多花一写的几分之几 (实测: 一写约 5 微秒, 一条约 0.3 微秒)
const MESSAGE_SHARE = 0.06;
// 每个成员一写的花费 (毫秒): 起初的估计, 与实测值的范围 (同一圈里别的事也算进了实测)
const FIRST_WRITE_MS = 0.005;
const LEAST_WRITE_MS = 0.002;
const MOST_WRITE_MS = 0.05;
// 实测偏大多半是同一圈里别的事, 偏小才是真的: 降立即采用, 升每拍至多这个倍数
const SLOW_RISE = 1.1;

export interface FanoutOptions {
  /** 送出一次之后, 至少与至多歇多久 (毫秒); 忙时一条广播等的就是它 */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** 等着送出的上限 (字节); 每条广播只有一份, 与收件人数无关 */
  readonly pendingBytes: number;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

interface Item {
  /** undefined: 房间里的文字, 依成员的能力走两个主题之一 */
  readonly topic: string | undefined;
  readonly text: string;
  readonly bytes: number;
  /** 不是广播, 而是轮到这个位置要做的事 */
  readonly run: (() => void) | undefined;
}

export class Fanout implements Publisher {
  readonly #publisher: Publisher;
  readonly #options: FanoutOptions;
  #state: 'open' | 'gathering' | 'flushing' | 'resting' | 'stopped' = 'open';
  #queue: Item[] = [];
  #pendingBytes = 0;
  /** 这一批送给全体的文字条数; 没有的量不出一遍的花费 */
  #flushedTexts = 0;
  #flushStartedMs = 0;
  #writeMs = FIRST_WRITE_MS;
  #members = 0;
  /** 从队列里取走过多少个 */
  #sent = 0;
  /** 等着下一批送出的应答, 共用一个 */
  #nextBatch: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #rest: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(publisher: Publisher, options: FanoutOptions) {
    this.#publisher = publisher;
    this.#options = options;
  }

  /** 给全体成员各写一次, 大约占用事件循环多久 (毫秒) */
  get flushMs(): number {
    return this.#members * this.#writeMs;
  }

  memberEntered(): void {
    this.#members += 1;
  }

  memberLeft(): void {
    this.#members -= 1;
  }

  /** 在收下一条新消息之前问。错误: server_busy (等着送出的到了上限) */
  requireRoom(): void {
    if (this.#pendingBytes > this.#options.pendingBytes) {
      throw new AppError('server_busy', { detail: '广播来不及送出' });
    }
  }

  /** 房间里的一条文字, 已编码 */
  text(text: string): void {
    this.#add({ topic: undefined, text, bytes: Buffer.byteLength(text), run: undefined });
  }

  publish(topic: string, text: string): void {
    this.#add({ topic, text, bytes: Buffer.byteLength(text), run: undefined });
  }

  /** 排在此前的一切广播之后, 此后的之前; 没有排队的就立即 */
  inOrder(run: () => void): void {
    this.#add({ topic: undefined, text: '', bytes: 0, run });
  }

  /** 此前的一切广播都送出之后兑现; 没有排队的为 undefined */
  published(): Promise<void> | undefined {
    return this.#queue.length === 0 ? undefined : this.#whenSent(this.#sent + this.#queue.length);
  }

  /** 停机: 攒着的全部送出, 从此随到随送 (等着广播的应答不能拖住停机) */
  stop(): void {
    clearTimeout(this.#rest);
    clearImmediate(this.#turn);
    this.#state = 'stopped';
    this.#send(this.#queue.length);
  }

  #add(item: Item): void {
    if (this.#queue.length === 0 && item.run !== undefined) {
      item.run();
      return;
    }
    this.#queue.push(item);
    this.#pendingBytes += item.bytes;
    if (this.#state === 'stopped') this.#send(this.#queue.length);
    else if (this.#state === 'open') {
      this.#state = 'gathering';
      // 这一圈收完 (uv_poll 之后) 就送: 一次读进来的几百条合成一批
      this.#turn = setImmediate(() => this.#flush());
    }
  }

  #flush(): void {
    if (this.#queue.length === 0) {
      this.#state = 'open';
      return;
    }
    let bytes = 0;
    let count = 0;
    for (const item of this.#queue) {
      if (bytes >= FLUSH_BYTES) break;
      bytes += item.bytes;
      count += 1;
    }
    this.#state = 'flushing';
    this.#flushedTexts = 0;
    this.#flushStartedMs = this.#options.now();
    this.#send(count);
    // uWS 在下一次轮询之前或之后才真正写出, 都早于那一圈的 setImmediate: 那时量到的就含写出的时间
    this.#turn = setImmediate(() => this.#endFlush());
  }

  #endFlush(): void {
    this.#learn(this.#options.now() - this.#flushStartedMs);
    const { minDelayMs, maxDelayMs } = this.#options;
    const restMs = Math.min(Math.max(this.flushMs * REST_FACTOR, minDelayMs), maxDelayMs);
    if (restMs < SHORTEST_REST_MS) {
      this.#flush();
      return;
    }
    this.#state = 'resting';
    this.#rest = setTimeout(() => this.#flush(), restMs);
  }

  #learn(elapsedMs: number): void {
    if (this.#members === 0 || this.#flushedTexts === 0) return;
    const sampleMs = elapsedMs / this.#members / (1 + this.#flushedTexts * MESSAGE_SHARE);
    const writeMs = Math.min(sampleMs, this.#writeMs * SLOW_RISE);
    this.#writeMs = Math.min(Math.max(writeMs, LEAST_WRITE_MS), MOST_WRITE_MS);
  }

  #send(count: number): void {
    const items = this.#queue.splice(0, count);
    for (const { bytes } of items) this.#pendingBytes -= bytes;
    this.#deliver(items);
    this.#sent += items.length;
    this.#nextBatch?.resolve();
    this.#nextBatch = undefined;
  }

  // 一拍有上限, 排得远的要等几批
  async #whenSent(target: number): Promise<void> {
    while (this.#sent < target) {
      this.#nextBatch ??= deferred();
      await this.#nextBatch.promise;
    }
  }

  #deliver(items: readonly Item[]): void {
    let texts: Item[] = [];
    const endRun = (): void => {
      this.#deliverTexts(texts);
      texts = [];
    };
    for (const item of items) {
      if (item.run === undefined && item.topic === undefined) {
        texts.push(item);
        continue;
      }
      endRun();
      if (item.run !== undefined) item.run();
      else if (item.topic !== undefined) this.#publisher.publish(item.topic, item.text);
    }
    endRun();
  }

  // 相连的文字: 基础成员逐帧, 声明了 batch_text 的合成一帧
  #deliverTexts(items: readonly Item[]): void {
    this.#flushedTexts += items.length;
    for (const { text } of items) this.#publisher.publish(TEXT_TOPIC, text);
    let frame: string[] = [];
    let bytes = 0;
    for (const item of items) {
      if (bytes > 0 && bytes + item.bytes > BATCH_FRAME_BYTES) {
        this.#publisher.publish(BATCH_TEXT_TOPIC, batchFrame(frame));
        frame = [];
        bytes = 0;
      }
      frame.push(item.text);
      bytes += item.bytes;
    }
    if (frame.length > 0) this.#publisher.publish(BATCH_TEXT_TOPIC, batchFrame(frame));
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

// 各条已编码: 拼起来, 不再解析
function batchFrame(texts: readonly string[]): string {
  const only = texts[0];
  if (texts.length === 1 && only !== undefined) return only;
  return `{"type":"batch","messages":[${texts.join(',')}]}`;
}
