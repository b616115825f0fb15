// 内存的水位: 常驻内存过了它就不收新连接, 并一步步请走占得最多的地址的连接, 直到降下来
import type { Visitor } from '../quota/ports.js';

export interface MemoryWatchOptions {
  /** 水位, 字节 */
  readonly memoryBytes: number;
  /** 进程的常驻内存, 字节 */
  readonly rssBytes: () => number;
}

/** 一条连接可能占着的 */
export interface Holding {
  readonly visitor: Visitor;
  readonly isJoined: boolean;
  /** 半截的帧与积压至多占多少, 字节 */
  readonly bytes: number;
}

// 两步之间隔多久 (毫秒): 断开之后内存要过一会儿才还给系统
const STEP_MS = 500;

export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  #isFull = false;
  #nextStepMs = 0;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
  }

  /** 水位之上: 不收新连接 */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** 看一眼; 水位之上而又到了走一步的时候则 true。nowMs 是单调时钟 */
  look(nowMs: number): boolean {
    this.#isFull = this.#options.rssBytes() > this.#options.memoryBytes;
    if (!this.#isFull || nowMs < this.#nextStepMs) return false;
    this.#nextStepMs = nowMs + STEP_MS;
    return true;
  }

  /** 这一步该请走的: 占得最多的地址里还没加入的全部; 都加入了的, 其中最大的一条。受信任的地址最后才轮到 */
  static victims<T extends Holding>(holdings: Iterable<T>): readonly T[] {
    const byAddress = new Map<string, T[]>();
    for (const holding of holdings) {
      const group = byAddress.get(holding.visitor.address);
      if (group === undefined) byAddress.set(holding.visitor.address, [holding]);
      else group.push(holding);
    }
    const [greediest = []] = [...byAddress.values()].sort(
      (a, b) => trustOf(a) - trustOf(b) || bytesOf(b) - bytesOf(a),
    );
    const unjoined = greediest.filter(({ isJoined }) => !isJoined);
    return unjoined.length > 0 ? unjoined : [...greediest].sort((a, b) => b.bytes - a.bytes).slice(0, 1);
  }
}

const bytesOf = (group: readonly Holding[]): number => group.reduce((sum, { bytes }) => sum + bytes, 0);
const trustOf = ([first]: readonly Holding[]): number => (first?.visitor.trusted === true ? 1 : 0);
