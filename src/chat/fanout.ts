// 扇出的节拍: 独自到来的广播当圈送出; 忙时攒成一拍, 每个收件人每拍只写一次套接字 (扇出的花费大半在这一写)
//   open --publish--> gathering (同一圈里收到的合成一批) --这一圈收完--> flushing --写完, 量得花费--> resting --到时--> open
//   歇的时候来的留在队列里, 到时再送一批; 歇不足 1 毫秒的 (小房间) 与停机时不歇
import { AppError } from '../protocol/errors.js';
import type { Publisher } from './ports.js';

/** 房间里每个成员订阅其中之一: 由是否声明 batch_text (一帧收几条) 与 people (带 from) 决定 */
const TEXT_TOPICS = ['text', 'text.batch', 'text.people', 'text.batch.people'] as const;
export type TextTopic = (typeof TEXT_TOPICS)[number];

// ,"from":"8 个字符"
const FROM_BYTES = 18;

// 一圈送给每个收件人的上限 (字节), 一帧 batch 也在其内: uWS 合写的缓冲是 16 KiB, 超出的改走连接自己的缓冲,
// 每次送达贵一倍, 而且那块缓冲一直留到断开 (实测一次广播 17 KB, 每个订阅者从此多占 18 KB)
const FLUSH_BYTES = 15_000;
// 歇的时间是全体各写一次的几倍: 固定的花费至多占事件循环的六分之一。随条数增长的花费歇了也省不下, 不算在内
const REST_FACTOR = 5;
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
  readonly from?: string | undefined;
  readonly bytes: number;
  /** 不是广播, 而是轮到这个位置要做的事 */
  readonly run: (() => void) | undefined;
}

export class Fanout implements Publisher {
  readonly #publisher: Publisher;
  readonly #options: FanoutOptions;
  #state: 'open' | 'gathering' | 'flushing' | 'resting' = 'open';
  #isFinishing = false;
  #queue: Item[] = [];
  #pendingBytes = 0;
  /** 这一批送给全体的文字条数; 没有的量不出一遍的花费 */
  #flushedTexts = 0;
  #flushedBytes = 0;
  /** 这一圈没有装完 */
  #hasMore = false;
  #flushStartedMs = 0;
  #writeMs = FIRST_WRITE_MS;
  #members = 0;
  /** 没有人听的主题不必拼 */
  readonly #listeners = new Map<TextTopic, number>();
  /** 从队列里取走过多少个 */
  #sent = 0;
  /** 等着广播的应答, target 从小到大 */
  #waiting: { readonly target: number; readonly resolve: () => void }[] = [];
  #rest: NodeJS.Timeout | undefined;

  constructor(publisher: Publisher, options: FanoutOptions) {
    this.#publisher = publisher;
    this.#options = options;
  }

  /** 给全体成员各写一次, 大约占用事件循环多久 (毫秒) */
  get flushMs(): number {
    return this.#members * this.#writeMs;
  }

  memberEntered(topic: TextTopic): void {
    this.#members += 1;
    this.#listeners.set(topic, (this.#listeners.get(topic) ?? 0) + 1);
  }

  memberLeft(topic: TextTopic): void {
    this.#members -= 1;
    this.#listeners.set(topic, (this.#listeners.get(topic) ?? 0) - 1);
  }

  /** 在收下一条新消息之前问。错误: server_busy (等着送出的到了上限) */
  requireRoom(): void {
    const { pendingBytes: limit } = this.#options;
    if (this.#pendingBytes > limit) {
      const facts = { setting: 'fanout.pendingBytes', limit };
      throw new AppError('server_busy', { detail: '广播来不及送出', facts });
    }
  }

  /** 房间里的一条文字, 已编码; from 是发送者的公开标识, 由这里添给声明了 people 的 */
  text(text: string, from?: string): void {
    this.#add({ topic: undefined, text, from, bytes: Buffer.byteLength(text) + FROM_BYTES, run: undefined });
  }

  publish(topic: string, text: string): void {
    this.#add({ topic, text, bytes: Buffer.byteLength(text), run: undefined });
  }

  /** 排在此前的一切广播之后, 此后的之前; 总在收消息的回调之外执行 */
  inOrder(run: () => void): void {
    this.#add({ topic: undefined, text: '', bytes: 0, run });
  }

  /** 此前的一切广播都送出之后兑现; 没有排队的为 undefined */
  published(): Promise<void> | undefined {
    if (this.#queue.length === 0) return undefined;
    const target = this.#sent + this.#queue.length;
    return new Promise((resolve) => {
      this.#waiting.push({ target, resolve });
    });
  }

  /**
   * 停机: 不再歇, 送完攒着的 (仍是一圈一批, 不一次压给每条连接), 兑现时已送完。
   * 到时还没送完的放弃: 都在日志里, 客户端重连时补齐; 等着它们的应答也一并放开, 不拖住停机
   */
  async finish(timeoutMs: number): Promise<void> {
    this.#isFinishing = true;
    if (this.#state === 'resting') {
      clearTimeout(this.#rest);
      this.#flush();
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.published(), late]);
    clearTimeout(timer);
    this.#queue = [];
    this.#pendingBytes = 0;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #add(item: Item): void {
    this.#queue.push(item);
    this.#pendingBytes += item.bytes;
    if (this.#state === 'open') {
      this.#state = 'gathering';
      // 这一圈收完 (uv_poll 之后) 就送: 一次读进来的几百条合成一批
      setImmediate(() => this.#flush());
    }
  }

  #flush(): void {
    if (this.#queue.length === 0) {
      this.#state = 'open';
      return;
    }
    this.#state = 'flushing';
    this.#flushedTexts = 0;
    this.#flushStartedMs = this.#options.now();
    const count = this.#fitting();
    this.#hasMore = count < this.#queue.length;
    this.#send(count);
    // uWS 在下一次轮询之前或之后才真正写出, 都早于那一圈的 setImmediate: 那时量到的就含写出的时间
    setImmediate(() => this.#endFlush());
  }

  // 头上装得进一圈的有几个; 至少一个, 再大也要送
  #fitting(): number {
    let bytes = 0;
    let count = 0;
    for (const item of this.#queue) {
      bytes += item.bytes;
      if (bytes > FLUSH_BYTES && count > 0) break;
      count += 1;
    }
    return count;
  }

  #endFlush(): void {
    this.#learn(this.#options.now() - this.#flushStartedMs);
    // 什么也没有写 (只是有人订阅), 或还有等过一拍的: 再歇合不成更少的写, 只会更晚
    if (this.#flushedBytes === 0 || this.#hasMore || this.#isFinishing) {
      this.#flush();
      return;
    }
    const restMs = this.#restMs();
    if (restMs < SHORTEST_REST_MS) {
      this.#flush();
      return;
    }
    this.#state = 'resting';
    this.#rest = setTimeout(() => this.#flush(), restMs);
  }

  // 写一遍越久, 歇得越短: 一条消息要等的是两者之和, 而此时一圈里本来就攒得下许多条
  #restMs(): number {
    const { minDelayMs, maxDelayMs } = this.#options;
    const longest = Math.max(maxDelayMs - this.flushMs / 2, maxDelayMs / 4);
    const wanted = Math.max(Math.min(this.flushMs * REST_FACTOR, longest), minDelayMs);
    return Math.min(wanted, maxDelayMs);
  }

  #learn(elapsedMs: number): void {
    if (this.#members === 0 || this.#flushedTexts === 0) return;
    const sampleMs = elapsedMs / this.#members / (1 + this.#flushedTexts * MESSAGE_SHARE);
    const writeMs = Math.min(sampleMs, this.#writeMs * SLOW_RISE);
    this.#writeMs = Math.min(Math.max(writeMs, LEAST_WRITE_MS), MOST_WRITE_MS);
  }

  #send(count: number): void {
    const items = this.#queue.splice(0, count);
    this.#flushedBytes = items.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#pendingBytes -= this.#flushedBytes;
    this.#deliver(items);
    this.#sent += items.length;
    const reached = this.#waiting.findIndex(({ target }) => target > this.#sent);
    for (const { resolve } of this.#waiting.splice(0, reached < 0 ? this.#waiting.length : reached))
      resolve();
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
    if (items.length === 0) return;
    this.#flushedTexts += items.length;
    const plain = items.map(({ text }) => text);
    this.#publishTexts('text', 'text.batch', plain);
    if (this.#isHeard('text.people') || this.#isHeard('text.batch.people')) {
      this.#publishTexts('text.people', 'text.batch.people', items.map(signed));
    }
  }

  #publishTexts(single: TextTopic, batch: TextTopic, texts: readonly string[]): void {
    if (this.#isHeard(single)) for (const text of texts) this.#publisher.publish(single, text);
    if (this.#isHeard(batch)) this.#publisher.publish(batch, batchFrame(texts));
  }

  #isHeard(topic: TextTopic): boolean {
    return (this.#listeners.get(topic) ?? 0) > 0;
  }
}

// 已编码的对象末尾添一项: 不再编码一次。from 只有小写字母与数字
function signed({ text, from }: Item): string {
  return from === undefined ? text : `${text.slice(0, -1)},"from":"${from}"}`;
}

// 各条已编码: 拼起来, 不再解析
function batchFrame(texts: readonly string[]): string {
  const only = texts[0];
  if (texts.length === 1 && only !== undefined) return only;
  return `{"type":"batch","messages":[${texts.join(',')}]}`;
}
