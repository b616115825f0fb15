// 拒绝之后余下的请求体: 接着读, 读到的丢掉, 有界 (RFC 9112 第 9.6 节)。
// 关得太早, 还在写的客户端会先撞上 RST 而读不到应答; 一直读下去则白收 2.5 GB
//   dropping --收完--> complete --已应答--> 断开
//       \--- 太多, 太久 --> holding (停读) --再等一会儿--> 断开
import type { HttpResponse } from 'uWebSockets.js';
import { Counts } from '../quota/counts.js';
import type { Visitor } from '../quota/ports.js';
import type { Patrol, Patrolled } from './patrol.js';

// 一个请求至多再读这么多, 这么久
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_MS = 2000;
// 停读之后留给对方读应答的时间 (毫秒); 停着的连接 uWS 不管, 也看不到对方离开
const HOLD_MS = 10_000;
// 全部请求: 同时在读的至多这么多个, 合计至多这么多字节; 超出的不再读。停着等断开的不占
const MAX_DRAINS = 64;
const MAX_TOTAL_BYTES = 256 * 1024 * 1024;
// 一个地址: 上面两项的八分之一与四分之一。受信任的与不知道是谁的不计
const MAX_ADDRESS_DRAINS = 8;
const MAX_ADDRESS_BYTES = 64 * 1024 * 1024;

/** 正在丢弃的; 全进程一份, 与连接属于哪个服务器无关 */
const total = { drains: 0, bytes: 0 };
const drainsBy = new Counts();
const bytesBy = new Counts();

export class BodyDrain implements Patrolled {
  readonly #res: HttpResponse;
  readonly #patrol: Patrol;
  /** 按地址计的键; 不计的没有 */
  readonly #address: string | undefined;
  #state: 'dropping' | 'holding' | 'complete' | 'released' = 'dropping';
  #bytes = 0;
  #untilMs: number;
  #answered = false;

  /** 名额用完则停读 */
  constructor(res: HttpResponse, patrol: Patrol, sender: Visitor | undefined) {
    this.#res = res;
    this.#patrol = patrol;
    this.#address = sender === undefined || sender.trusted ? undefined : sender.address;
    this.#untilMs = patrol.now() + MAX_MS;
    this.#begin();
    patrol.watch(this);
    if (total.drains > MAX_DRAINS || this.#shareOf(drainsBy) > MAX_ADDRESS_DRAINS) this.#hold();
  }

  /** 又来了这么多字节 */
  feed(bytes: number, isLast: boolean): void {
    this.#bytes += bytes;
    total.bytes += bytes;
    if (this.#address !== undefined) bytesBy.add(this.#address, bytes);
    if (isLast) {
      this.#state = 'complete';
      this.#closeIfDone();
    } else if (this.#isTooMuch) this.#hold();
  }

  /** 应答已经发出, 连接随后断开 */
  answered(): void {
    this.#answered = true;
    this.#closeIfDone();
  }

  patrol(nowMs: number): void {
    if (nowMs < this.#untilMs) return;
    // 停读的仍等应答: 删净已收下的可能要一会儿
    if (this.#state === 'dropping') this.#hold();
    else if (this.#answered) this.#res.close();
  }

  /** 连接没有了, 或不必再管; 可重复调用 */
  release(): void {
    if (this.#state === 'released') return;
    if (this.#state !== 'holding') this.#end();
    this.#state = 'released';
    total.bytes -= this.#bytes;
    if (this.#address !== undefined) bytesBy.remove(this.#address, this.#bytes);
    this.#patrol.forget(this);
  }

  get #isTooMuch(): boolean {
    const isOwn = this.#bytes > MAX_BYTES || this.#shareOf(bytesBy) > MAX_ADDRESS_BYTES;
    return isOwn || total.bytes > MAX_TOTAL_BYTES;
  }

  #shareOf(counts: Counts): number {
    return this.#address === undefined ? 0 : counts.of(this.#address);
  }

  #begin(): void {
    total.drains += 1;
    if (this.#address !== undefined) drainsBy.add(this.#address);
  }

  #end(): void {
    total.drains -= 1;
    if (this.#address !== undefined) drainsBy.remove(this.#address);
  }

  // 这一轮回调之后再断: uWS 攒着的应答要等回调结束才写出去
  #closeIfDone(): void {
    if (this.#state !== 'complete' || !this.#answered) return;
    setImmediate(() => {
      if (this.#state === 'complete') this.#res.close();
    });
  }

  #hold(): void {
    if (this.#state !== 'dropping') return;
    this.#state = 'holding';
    this.#end();
    this.#untilMs = this.#patrol.now() + HOLD_MS;
    this.#res.pause();
  }
}
