// 扇出的节拍: 独自到来的广播立即送出; 忙时攒成一拍, 每个收件人每拍只写一次套接字 (扇出的花费几乎全在这一写)
//   open --publish--> flushing (同一圈里的随到随送, uWS 合成一写) --写完, 量得花费--> resting --到时--> open
//   resting 期间的进队列; 到时队列不空就送出一批, 又是 flushing。停机时一律进入 stopped: 随到随送
import { AppError } from '../protocol/errors.js';
import type { Publisher } from './ports.js';

/** 房间里每个成员订阅二者之一, 由是否声明 batch_text 决定 */
export const TEXT_TOPIC = 'text';
export const BATCH_TEXT_TOPIC = 'text.batch';

// 一拍送给每个收件人的上限 (字节): 装得进内核的发送缓冲, 不落到 uWS 的用户态积压里 (那里每次送达贵一倍)
const FLUSH_BYTES = 64 * 1024;
// 一帧 batch 的上限 (字节), 超出的另起一帧: 对方解析一帧的停顿有界
const BATCH_FRAME_BYTES = 32 * 1024;
// 歇的时间是写的时间的几倍: 扇出至多占事件循环的四分之一, 其余留给收消息与文件
const REST_FACTOR = 3;
// 短于这么久 (毫秒) 就不歇: 定时器的刻度是 1 毫秒
const SHORTEST_REST_MS = 1;
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
  #state: 'open' | 'flushing' | 'resting' | 'stopped' = 'open';
  #queue: Item[] = [];
  #pendingBytes = 0;
  /** 这一圈已送给每个收件人的字节 */
  #turnBytes = 0;
  #turnStartedMs = 0;
  /** 这一圈里有没有送给全体成员的: 只有它量得出一遍的花费 */
  #turnReachedAll = false;
  #writeMs = FIRST_WRITE_MS;
  #members = 0;
  /** 从队列里取走过多少个 */
  #sent = 0;
  /** 等着下一批送出的应答, 共用一个 */
  #nextBatch: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #rest: NodeJS.Timeout | undefined;
  #measure: NodeJS.Immediate | undefined;

  constructor(publisher: Publisher, options: FanoutOptions) {
    this.#publisher = publisher;
    this.#options = options;
  }

  /** 送出一遍给全体成员, 大约占用事件循环多久 (毫秒) */
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
    clearImmediate(this.#measure);
    this.#state = 'stopped';
    this.#send(this.#queue.length);
  }

  #add(item: Item): void {
    const full = this.#turnBytes >= FLUSH_BYTES && this.#state !== 'stopped';
    if (this.#queue.length > 0 || full || this.#state === 'resting') {
      this.#queue.push(item);
      this.#pendingBytes += item.bytes;
      return;
    }
    if (item.run !== undefined) {
      item.run();
      return;
    }
    this.#startTurn();
    this.#deliver([item]);
  }

  #flush(): void {
    this.#state = 'open';
    if (this.#queue.length === 0) return;
    let bytes = 0;
    let count = 0;
    for (const item of this.#queue) {
      if (bytes >= FLUSH_BYTES) break;
      bytes += item.bytes;
      count += 1;
    }
    this.#pendingBytes -= bytes;
    this.#startTurn();
    this.#send(count);
  }

  #send(count: number): void {
    this.#deliver(this.#queue.splice(0, count));
    this.#sent += count;
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

  // uWS 在这一圈末尾 (uv_check) 才真正写出, 早于同一圈的 setImmediate: 那时量到的就含写出的时间
  #startTurn(): void {
    if (this.#state !== 'open') return;
    this.#state = 'flushing';
    this.#turnStartedMs = this.#options.now();
    this.#measure = setImmediate(() => this.#endTurn());
  }

  #endTurn(): void {
    this.#turnBytes = 0;
    this.#learn(this.#options.now() - this.#turnStartedMs);
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
    if (this.#members === 0 || !this.#turnReachedAll) return;
    this.#turnReachedAll = false;
    const sampleMs = Math.min(elapsedMs / this.#members, this.#writeMs * SLOW_RISE);
    this.#writeMs = Math.min(Math.max(sampleMs, LEAST_WRITE_MS), MOST_WRITE_MS);
  }

  #deliver(items: readonly Item[]): void {
    let texts: Item[] = [];
    const endRun = (): void => {
      this.#deliverTexts(texts);
      texts = [];
    };
    for (const item of items) {
      this.#turnBytes += item.bytes;
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
    if (items.length > 0) this.#turnReachedAll = true;
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
